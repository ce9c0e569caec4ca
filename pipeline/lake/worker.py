"""The process in which a person's SQL runs: locked down first, asked second.

Reads one JSON request from standard input, answers on standard output with one line of JSON
(error, warnings) and, after success, an Arrow IPC stream. Imports everything it will need,
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
from pipeline.lake import engine, sandbox, snapshot
from pipeline.lake.errors import LakeError, QueryError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADROOM = 4 << 30  # address space for libraries, thread stacks and rows that are not in Parquet yet
_OWN_FAULTS = (
    duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.ConversionException,
    duckdb.OutOfRangeException, duckdb.PermissionException, duckdb.NotImplementedException, duckdb.SyntaxException,
)  # fmt: skip
"""Errors that say something about the query; any other may come from a damaged file."""


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.buffer.read())
    table = None
    try:
        answer, table = _answer(request)
    except LakeError as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    except MemoryError:
        answer = {"error": _too_big(request), "kind": "QueryError"}
    except Exception as error:  # noqa: BLE001  # whatever it is, the asker gets one line instead of a dead worker
        what = one_line(f"{type(error).__name__}: {error}")
        answer = {"error": f"the query worker failed ({what}): please report this", "kind": "QueryError"}
    out = sys.stdout.buffer
    out.write(json.dumps(answer).encode() + b"\n")
    if table is not None:
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)
    out.flush()


def _answer(request: Mapping[str, Any]) -> tuple[dict[str, Any], pa.Table | None]:
    root = Path(request["root"])
    memory = request["memory"] + _HEADROOM
    held = sandbox.confine(root, memory=memory, seconds=request["timeout"], unsafe=request["unsafe"])
    if request["sql"] is None:
        taken = snapshot.take(root, schema.TABLES)
        return {"damages": taken.damages + list(snapshot.check_content(root, taken.segments).faults.values())}, None
    views = engine.needed_views(request["sql"], request["views"])
    text = " ".join([request["sql"], *views.values()])
    taken = snapshot.take(root, {t for n, t in engine.BASE_TABLES.items() if engine.mentions(text, n)})
    checked = snapshot.check_content(root, taken.segments, set(request["known"]), request["verify_bytes"])
    damages = [*taken.damages, *checked.faults.values()]
    if damages and not request["skip_damaged"]:
        raise QueryError(_first(damages))
    taken.segments = [s for s in taken.segments if s.path not in checked.faults]
    return {"warnings": damages, "known": checked.whole, "held": held}, _run(root, request, views, taken)


def _run(root: Path, request: Mapping[str, Any], views: Mapping[str, str], taken: snapshot.Snapshot) -> pa.Table:
    connection = engine.connect(root, request["memory"])
    late = threading.Event()
    timer = threading.Timer(request["timeout"], _interrupt, (connection, late))
    timer.daemon = True
    timer.start()
    try:
        engine.define(connection, root, taken, views)
        return engine.fetch(connection, request["sql"], request["limit"], request["max_bytes"])
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise QueryError(_too_big(request)) from error
    except (duckdb.Error, pa.ArrowException, RuntimeError) as error:
        if late.is_set():
            raise QueryError(
                f"the query took longer than {request['timeout']:g} s: narrow it, or allow more time"
            ) from error
        faults = {} if isinstance(error, _OWN_FAULTS) else snapshot.check_content(root, taken.segments).faults
        raise QueryError(_first([*faults.values(), one_line(str(error))])) from error
    finally:
        timer.cancel()
        timer.join()


def _interrupt(connection: duckdb.DuckDBPyConnection, late: threading.Event) -> None:
    late.set()
    connection.interrupt()


def _first(lines: Sequence[str]) -> str:
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return lines[0] + more


def _too_big(request: Mapping[str, Any]) -> str:
    return f"the query needs more than {request['memory'] >> 20} MiB of memory: narrow it, or aggregate less at once"


if __name__ == "__main__":
    main()
    os._exit(0)  # all is said; tearing down DuckDB's and Arrow's threads takes time and sometimes aborts
