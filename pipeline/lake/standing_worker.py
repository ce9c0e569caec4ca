"""The process that stays and answers the questions of a dashboard: locked down like any query worker, but it remembers.

Reads its settings as one line of JSON, gives up its rights, and then answers one request after the other: a line of JSON each way, and behind the
answer an Arrow IPC stream for each question. Between requests it takes small tables into memory, and compares segments with their checksums.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from pipeline.lake import cage, engine
from pipeline.lake.errors import LakeError, QueryError, one_line
from pipeline.lake.kept import Kept
from pipeline.lake.standing_state import LakeState
from pipeline.lake.system import files
from pipeline.lake.worker import FAILURES, HEADROOM, explained, first_of, interrupt, one, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.lake.segments import Segment

Answer = tuple[dict[str, Any], list[pa.Buffer]]


class Standing:
    """One DuckDB over one lake, kept up to date."""

    def __init__(self, root: Path, views: Mapping[str, str], memory: int) -> None:
        self._root, self._views = root, views
        self._state = LakeState(root)
        self._connection = engine.connect(root, memory)
        # Footers are read once: two thousand of them are most of what a small question costs.
        self._connection.execute("SET parquet_metadata_cache = true")
        self._connection.execute("SET lock_configuration = true")
        self._kept = Kept(self._connection, root, memory)
        self._live: dict[str, list[int]] = {}
        self._alive: dict[str, list[pa.Table]] = {}  # what is alive keeps its id
        self._bases: dict[str, Any] = {}
        self._defined: set[str] = set()

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Answer one request; raises ``LakeError`` for what concerns all of its questions."""
        late = threading.Event()
        timer = threading.Timer(request["timeout"], interrupt, (self._connection, late))
        timer.daemon = True
        timer.start()
        try:
            return self._answered(request, late)
        finally:
            timer.cancel()
            timer.join()

    def work_ahead(self) -> bool:
        """Some of what will be needed: commit records, rows of small tables, and then sums compared, one step at a time.

        False when nothing is left to do.
        """
        if not self._state.version:
            self._state.refresh()
        return self._kept.step(self._state.of) or self._state.check_one()

    def _answered(self, request: Mapping[str, Any], late: threading.Event) -> Answer:
        self._state.refresh()
        bases, views = self._needs("\n".join(request["sqls"].values()))
        chosen = self._chosen(bases, request["span"], self._state.of)
        if self._state.look(s for b, listed in chosen.items() if not self._is_kept(b) for s in listed):
            chosen = self._chosen(bases, request["span"], self._state.of)
        bad = self._chosen(bases, request["span"], self._state.bad)
        damages = self._state.damages(s for listed in bad.values() for s in listed)
        if damages and not request["skip_damaged"]:
            raise QueryError(first_of(damages))

        def faults() -> list[str]:
            return self._state.compare(s for listed in chosen.values() for s in listed)

        try:
            for base in bases:
                self._define(base, chosen[base])
            self._define_views(views)
        except FAILURES as error:
            raise explained(error, request, late, faults) from error
        parts: dict[str, tuple[int | None, str | None]] = {}
        streams: list[pa.Buffer] = []
        left = request["max_bytes"]
        for name, sql in request["sqls"].items():
            found = self._ask(sql, left, request, late, faults)
            if isinstance(found, QueryError):
                parts[name] = (None, str(found))
                continue
            left -= found.nbytes
            streams.append(stream(found))
            parts[name] = (streams[-1].size, None)
        return {"warnings": damages, "parts": parts}, streams

    def _chosen(
        self, bases: Iterable[str], span: tuple[int, int] | None, listed: Callable[[str], Sequence[Segment]]
    ) -> dict[str, Sequence[Segment]]:
        """Of the segments that are ``listed`` for a table, those that hold rows of a base table and of the span."""
        found: dict[str, Sequence[Segment]] = {}
        for base in bases:
            table = engine.BASE_TABLES[base]
            if self._is_kept(base):
                found[base] = listed(table)
            else:
                found[base] = engine.within(listed(table), span)
            if base == engine.UNCOUNTED:
                found[base] = engine.uncounted([*self._state.of("activity_hours"), *found[base]])
        return found

    def _is_kept(self, base: str) -> bool:
        table = engine.BASE_TABLES[base]
        return base != engine.UNCOUNTED and self._kept.keeps(table, self._state.of(table))

    def _ask(
        self, sql: str, left: int, request: Mapping[str, Any], late: threading.Event, faults: Callable[[], list[str]]
    ) -> pa.Table | QueryError:
        """One question; what is in memory stays as it is, whatever the SQL says."""
        self._connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            return one(self._connection, sql, left, request, late, faults)
        finally:
            self._connection.execute("ROLLBACK")

    def _needs(self, sql: str) -> tuple[list[str], dict[str, str]]:
        """Base tables and views that a text names, with those that the views read from."""
        views = engine.needed_views(sql, self._views)
        text = " ".join([sql, *views.values()])
        every = engine.asks_what_there_is(sql)
        return [b for b in engine.BASE_TABLES if every or engine.mentions(text, b)], views

    def _define(self, base: str, segments: Sequence[Segment]) -> None:
        """A base table as the lake is now, unless it is that already."""
        table = engine.BASE_TABLES[base]
        pieces = self._state.live(table)
        if self._live.get(table) != [id(piece) for piece in pieces]:
            self._connection.register(engine.live_name(table), engine.live_rows(table, pieces))
            self._live[table], self._alive[table] = [id(piece) for piece in pieces], pieces
        held = self._kept.name(table, self._state.of(table)) if self._is_kept(base) else ""
        wanted = held or list(segments)
        if self._bases.get(base) != wanted:
            sql = engine.base_query(self._root, table, () if held else segments, engine.live_name(table), held)
            self._connection.execute(f"CREATE OR REPLACE VIEW {base} AS {sql}")
            self._bases[base] = wanted

    def _define_views(self, views: Mapping[str, str]) -> None:
        """Views that were not needed before."""
        for name, view in views.items():
            if name not in self._defined:
                self._connection.execute(f'CREATE OR REPLACE VIEW "{name}" AS {view}')
                self._defined.add(name)


def main() -> None:
    """Answer requests until standard input ends."""
    requests, out = sys.stdin.buffer, sys.stdout.buffer
    settings = json.loads(requests.readline())
    root = Path(settings["root"])
    try:
        held = cage.confine(root, memory=settings["memory"] + HEADROOM, seconds=None, unsafe=settings["unsafe"])
        standing = Standing(root, settings["views"], settings["memory"])
    except (LakeError, OSError) as error:
        _send(out, {"error": str(error), "kind": "LakeError"}, [])
        return
    _send(out, {"held": held}, [])
    while line := _next(requests, standing):
        _send(out, *_safe(standing, json.loads(line) | {"memory": settings["memory"]}))


def _next(requests: BinaryIO, standing: Standing) -> bytes:
    """The next request; while there is none, what will be needed is made ready."""
    while not files.readable(requests.fileno(), 0) and standing.work_ahead():
        pass
    return requests.readline()


def _safe(standing: Standing, request: Mapping[str, Any]) -> Answer:
    """An answer, or why there is none."""
    try:
        return standing.answer(request)
    except LakeError as error:
        return {"error": str(error), "kind": type(error).__name__}, []
    except Exception as error:  # noqa: BLE001  # whatever it is, the asker gets one line instead of a dead worker
        what = one_line(f"{type(error).__name__}: {error}")
        return {"error": f"the query worker failed ({what}): please report this", "kind": "QueryError"}, []


def _send(out: BinaryIO, answer: Mapping[str, Any], streams: list[pa.Buffer]) -> None:
    out.write(json.dumps({**answer, "bytes": sum(s.size for s in streams)}).encode() + b"\n")
    out.writelines(streams)
    out.flush()


if __name__ == "__main__":
    main()
    os._exit(0)  # as in the worker: tearing down DuckDB's and Arrow's threads takes time and sometimes aborts
