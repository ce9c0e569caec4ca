"""The process in which a person's SQL runs: locked down first, asked second.

Reads one JSON request from standard input, answers on standard output with one line of JSON
(error, warnings) and, after success, an Arrow IPC stream for each question. Imports everything it will need,
gives up its rights, and only then connects to DuckDB.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from pipeline import schema
from pipeline.lake import cage, engine, snapshot
from pipeline.lake.errors import LakeError, QueryError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HEADROOM = 4 << 30  # address space for libraries, thread stacks and rows that are not in Parquet yet
_OWN_FAULTS = (
    duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.ConversionException,
    duckdb.OutOfRangeException, duckdb.PermissionException, duckdb.NotImplementedException, duckdb.SyntaxException,
)  # fmt: skip
"""Errors that say something about the query; any other may come from a damaged file."""
FAILURES = (QueryError, duckdb.Error, pa.ArrowException, RuntimeError, MemoryError)
"""What a question may fail with; ``explained`` makes one line of it."""


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.buffer.read())
    streams: Sequence[pa.Buffer] = ()
    try:
        answer, streams = _answer(request)
    except LakeError as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    except MemoryError:
        answer = {"error": _too_big(request), "kind": "QueryError"}
    except Exception as error:  # noqa: BLE001  # whatever it is, the asker gets one line instead of a dead worker
        what = one_line(f"{type(error).__name__}: {error}")
        answer = {"error": f"the query worker failed ({what}): please report this", "kind": "QueryError"}
    out = sys.stdout.buffer
    out.write(json.dumps(answer).encode() + b"\n")
    for part in streams:
        out.write(part)
    out.flush()


def _answer(request: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[pa.Buffer]]:
    root = Path(request["root"])
    memory = request["memory"] + HEADROOM
    held = cage.confine(root, memory=memory, seconds=request["timeout"], unsafe=request["unsafe"])
    if request["sql"] is None:
        taken = snapshot.take(root, schema.TABLES)
        return {"damages": taken.damages + list(snapshot.check_content(root, taken.segments).faults.values())}, ()
    views = engine.needed_views(request["sql"], request["views"])
    text = " ".join([request["sql"], *views.values()])
    taken = snapshot.take(
        root, {t for n, t in engine.BASE_TABLES.items() if engine.mentions(text, n)} | _with_counts(text)
    )
    taken.segments = engine.within(taken.segments, request.get("span"))
    checked = snapshot.check_content(root, taken.segments, set(request["known"]), request["verify_bytes"])
    damages = [*taken.damages, *checked.faults.values()]
    if damages and not request["skip_damaged"]:
        raise QueryError(first_of(damages))
    taken.segments = [s for s in taken.segments if s.path not in checked.faults]
    told = {"warnings": damages, "known": checked.whole, "held": held}
    results = _run(root, request, views, taken)
    if "sqls" not in request:
        result = results[""]
        if isinstance(result, QueryError):
            raise result
        return told, [stream(result)]
    parts, streams = {}, []
    for name, result in results.items():
        if not isinstance(result, QueryError):
            streams.append(stream(result))
        parts[name] = (None, str(result)) if isinstance(result, QueryError) else (streams[-1].size, None)
    return told | {"parts": parts}, streams


def _with_counts(text: str) -> set[str]:
    """What is not counted yet is told by which logs left counts."""
    return {"activity_hours"} if engine.mentions(text, engine.UNCOUNTED) else set()


def stream(table: pa.Table) -> pa.Buffer:
    """Rows as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _run(
    root: Path, request: Mapping[str, Any], views: Mapping[str, str], taken: snapshot.Snapshot
) -> dict[str, pa.Table | QueryError]:
    """The answer to each question, in turn."""
    connection = engine.connect(root, request["memory"])
    late = threading.Event()
    timer = threading.Timer(request["timeout"], interrupt, (connection, late))
    timer.daemon = True
    timer.start()

    def faults() -> list[str]:
        return list(snapshot.check_content(root, taken.segments).faults.values())

    try:
        try:
            engine.define(connection, root, taken, views)
            for statement in request.get("prepare", ()):
                connection.execute(statement)
        except FAILURES as error:
            raise explained(error, request, late, faults) from error
        results: dict[str, pa.Table | QueryError] = {}
        left = request["max_bytes"]
        for name, sql in request.get("sqls", {"": request["sql"]}).items():
            found = one(connection, sql, left, request, late, faults)
            left -= found.nbytes if isinstance(found, pa.Table) else 0
            results[name] = found
        return results
    finally:
        timer.cancel()
        timer.join()


def one(
    connection: duckdb.DuckDBPyConnection, sql: str, left: int, request: Mapping[str, Any], late: threading.Event,
    faults: Callable[[], list[str]],
) -> pa.Table | QueryError:  # fmt: skip
    """Rows of one question, or why there are none."""
    try:
        if late.is_set():  # the interrupt was for the question before
            return QueryError(_too_late(request))
        return engine.fetch(connection, sql, request["limit"], left)
    except FAILURES as error:
        return explained(error, request, late, faults)


def explained(
    error: Exception, request: Mapping[str, Any], late: threading.Event, faults: Callable[[], list[str]]
) -> QueryError:
    """What a failure comes from: too much memory, too little time, a damaged file (``faults`` looks for one), or the SQL."""
    if isinstance(error, QueryError):
        return error
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)):
        return QueryError(_too_big(request))
    if late.is_set():
        return QueryError(_too_late(request))
    lines = [] if isinstance(error, _OWN_FAULTS) else faults()
    return QueryError(first_of([*lines, one_line(str(error))]))


def interrupt(connection: duckdb.DuckDBPyConnection, late: threading.Event) -> None:
    """The time is up."""
    late.set()
    connection.interrupt()


def first_of(lines: Sequence[str]) -> str:
    """One line for many damages."""
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return lines[0] + more


def _too_late(request: Mapping[str, Any]) -> str:
    allowed = request.get("allowed", request["timeout"])  # with the time that it waited for its turn
    return f"the query took longer than {allowed:g} s: narrow it, or allow more time"


def _too_big(request: Mapping[str, Any]) -> str:
    return f"the query needs more than {request['memory'] >> 20} MiB of memory: narrow it, or aggregate less at once"


if __name__ == "__main__":
    main()
    os._exit(0)  # all is said; tearing down DuckDB's and Arrow's threads takes time and sometimes aborts
