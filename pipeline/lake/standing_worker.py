"""The process that stays and answers the questions of a dashboard: locked down like any query worker, but it remembers.

Reads its settings as one line of JSON, gives up its rights, and then answers one request after the other: a line of JSON each way, and behind the
answer an Arrow IPC stream for each question. Between requests it compares segments with their checksums, one at a time.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb
import pyarrow as pa

from pipeline.lake import engine, sandbox, snapshot
from pipeline.lake.errors import LakeError, QueryError, one_line
from pipeline.lake.standing_state import LakeState
from pipeline.lake.worker import HEADROOM, explained, first_of, interrupt, one, stream

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        self._live: dict[str, int] = {}
        self._bases: dict[str, tuple[int, Any]] = {}
        self._defined: set[str] = set()

    def answer(self, request: Mapping[str, Any]) -> Answer:
        """Answer one request; raises ``LakeError`` for what concerns all of its questions."""
        self._state.refresh()
        damages = self._state.damages
        if damages and not request["skip_damaged"]:
            raise QueryError(first_of(damages))
        late = threading.Event()
        timer = threading.Timer(request["timeout"], interrupt, (self._connection, late))
        timer.daemon = True
        timer.start()
        try:
            return self._answered(request, damages, late)
        finally:
            timer.cancel()
            timer.join()

    def check_one(self) -> bool:
        """Compare one more segment with its checksum; false when nothing is left to compare."""
        return self._state.check_one()

    def _answered(self, request: Mapping[str, Any], damages: list[str], late: threading.Event) -> Answer:
        segments = engine.within(self._state.segments, request["span"])
        taken = snapshot.Snapshot(segments=segments)
        try:
            self._define("\n".join(request["sqls"].values()), segments, request["span"])
        except (duckdb.Error, pa.ArrowException, RuntimeError) as error:
            raise explained(error, self._root, request, taken, late=late.is_set()) from error
        parts: dict[str, tuple[int | None, str | None]] = {}
        streams: list[pa.Buffer] = []
        left = request["max_bytes"]
        for name, sql in request["sqls"].items():
            found = one(self._connection, sql, left, self._root, request, taken, late)
            if isinstance(found, QueryError):
                parts[name] = (None, str(found))
                continue
            left -= found.nbytes
            streams.append(stream(found))
            parts[name] = (streams[-1].size, None)
        return {"warnings": damages, "parts": parts}, streams

    def _define(self, sql: str, segments: list[Any], span: Any) -> None:
        """Base tables as the lake is now, as far as the questions name them, and views that were not needed before."""
        views = engine.needed_views(sql, self._views)
        text = " ".join([sql, *views.values()])
        for name, table in engine.BASE_TABLES.items():
            known = name in self._bases
            # A view is bound when it is made: those that it reads from must be there, if only as they were.
            if known and not engine.mentions(text, name):
                continue
            if self._live.get(table) != self._state.version:
                self._connection.register(f"_live_{table}", engine.live_rows(table, self._state.live(table)))
                self._live[table] = self._state.version
            key = (self._state.version, span if table in engine.BY_TIME else None)
            if self._bases.get(name) != key:
                engine.define_base(self._connection, self._root, name, segments)
                self._bases[name] = key
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
        held = sandbox.confine(root, memory=settings["memory"] + HEADROOM, seconds=None, unsafe=settings["unsafe"])
        standing = Standing(root, settings["views"], settings["memory"])
    except (LakeError, OSError) as error:
        _send(out, {"error": str(error), "kind": "LakeError"}, [])
        return
    _send(out, {"held": held}, [])
    while line := _next(requests, standing):
        _send(out, *_safe(standing, json.loads(line) | {"memory": settings["memory"]}))


def _next(requests: BinaryIO, standing: Standing) -> bytes:
    """The next request; while there is none, segments are compared with their checksums."""
    while not select.select([requests], [], [], 0)[0] and standing.check_one():
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
