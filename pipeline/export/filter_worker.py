"""The process in which a destination's filter runs: it can read no file and reach nobody, and answers with row numbers.

A filter is SQL that somebody wrote into a configuration; DuckDB's own locks do not hold such text back, so the operating
system does, as for queries (``pipeline/lake/worker.py``). It lives as long as its export and is given rows on standard
input: a length of eight bytes and an Arrow stream; it answers with a length and a line of JSON, behind which stand the
positions of the rows to keep as 64-bit integers.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.dataset  # DuckDB imports it when it first sees an Arrow table; locked down, that is too late

from pipeline.lake import cage
from pipeline.lake.errors import LakeError, one_line

POSITION = "lictor_position"
LENGTH = struct.Struct("<q")
_NOTHING = Path("/nonexistent")
_FOR_EVER_S = 1e8
_HEADROOM = 4 << 30  # address space for libraries and thread stacks


def main() -> None:
    """Answer until standard input ends."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    request = json.loads(received(source) or b"{}")
    try:
        cage.confine(_NOTHING, memory=request["memory"] + _HEADROOM, seconds=_FOR_EVER_S, unsafe=request["unsafe"])
        keep = Keeper(request["where"], request["memory"], request["timeout"])
    except LakeError as error:
        send(out, {"error": str(error)})
        return
    send(out, {})
    while (rows := received(source)) is not None:
        try:
            send(out, {}, keep.positions(pa.ipc.open_stream(rows).read_all()))
        except (duckdb.Error, MemoryError, RuntimeError) as error:
            send(out, {"error": keep.why(error)})


class Keeper:
    """A condition, asked of one table of rows after another."""

    def __init__(self, where: str, memory: int, timeout: float) -> None:
        self._where = where
        self._timeout = timeout
        self._late = threading.Event()
        self._connection = connect(memory)

    def positions(self, rows: pa.Table) -> bytes:
        """Positions of the rows for which the condition is true, ascending."""
        timer = threading.Timer(self._timeout, self._interrupt)
        timer.daemon = True
        timer.start()
        try:
            numbered = rows.append_column(POSITION, pa.array(range(rows.num_rows), pa.int64()))
            # An expression object is parsed as one expression: no text can end it and begin another statement.
            kept = self._connection.from_arrow(numbered).filter(duckdb.SQLExpression(self._where)).project(POSITION)
            found = kept.to_arrow_table().column(0).combine_chunks()
        finally:
            timer.cancel()
            timer.join()
        return bytes(found.to_numpy(zero_copy_only=False).astype("<i8").tobytes())

    def why(self, error: Exception) -> str:
        """The error in one line."""
        if self._late.is_set():
            return f"it took longer than {self._timeout:g} s for one batch"
        return one_line(str(error)) or type(error).__name__

    def _interrupt(self) -> None:
        self._late.set()
        self._connection.interrupt()


def connect(memory: int) -> duckdb.DuckDBPyConnection:
    """A database in memory that knows no file; ``memory`` in bytes."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory}B", "temp_directory": "", "max_temp_directory_size": "0B", "threads": "1",
            "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
            "allow_community_extensions": "false", "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
        },
    )  # fmt: skip
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def received(source: BinaryIO) -> bytes | None:
    """One message; ``None`` at the end."""
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


def send(out: BinaryIO, answer: dict[str, Any], content: bytes = b"") -> None:
    """One answer."""
    line = json.dumps(answer).encode() + b"\n"
    out.write(LENGTH.pack(len(line) + len(content)) + line + content)
    out.flush()


if __name__ == "__main__":
    main()
    os._exit(0)  # all is said; tearing down DuckDB's and Arrow's threads takes time and sometimes aborts
