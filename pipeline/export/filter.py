"""Which rows a destination gets: a condition in SQL over the table's columns, asked in a locked-down process.

One process per destination, started once (0.4 s); a batch of 20,000 rows takes it some milliseconds.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.export.errors import ExportError
from pipeline.lake.errors import one_line
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType
    from typing import Self

_CODE = Path(__file__).parents[2]
_LENGTH_BYTES = 8
_GRACE_S = 3.0
_START_S = 60.0
_LARGEST = 64 << 20


class Filter:
    """``where`` over the rows of ``tables``; raises ``ExportError`` for one that cannot be asked of each of them."""

    def __init__(
        self,
        where: str,
        tables: Collection[str],
        *,
        timeout: float = 30.0,
        memory: int = 512 << 20,
        unsafe: bool = False,
    ) -> None:
        """``timeout`` in seconds is for a batch, ``memory`` in bytes; ``unsafe`` permits it where nothing can confine it."""
        self._where = where
        self._timeout = timeout
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "pipeline.export.filter_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env=_environment(),
        )  # fmt: skip
        try:
            request = {"where": where, "memory": memory, "timeout": timeout, "unsafe": unsafe}
            self._ask(json.dumps(request).encode(), _START_S)
            for table in tables:
                self.keep(table, schema.lake_schema(table).empty_table())
        except BaseException:
            self.close()
            raise

    def keep(self, table: str, rows: pa.Table) -> pa.Table:
        """The rows for which the condition is true, in their order; raises ``ExportError``."""
        asked = rows.select(self._columns(rows.schema.names)) if rows.num_rows else rows
        stream = pa.BufferOutputStream()
        with pa.ipc.new_stream(stream, asked.schema) as writer:
            writer.write_table(asked)
        positions = np.frombuffer(self._ask(stream.getvalue().to_pybytes(), self._timeout, table), "<i8")
        # The process is not trusted more than the text that runs in it.
        if len(positions) and (positions[0] < 0 or positions[-1] >= rows.num_rows or (np.diff(positions) <= 0).any()):
            raise ExportError(
                f"--where {self._where!a}: the filter answered with rows that there are not: please report this"
            )
        return rows if len(positions) == rows.num_rows else rows.take(pa.array(positions))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _columns(self, names: list[str]) -> list[str]:
        """The columns that the condition may mean: a table has many, and most of them need not travel."""
        if "*" in self._where:
            return names
        return [n for n in names if re.search(rf"\b{re.escape(n)}\b", self._where, re.IGNORECASE)] or names[:1]

    def _ask(self, message: bytes, seconds: float, table: str = "") -> bytes:
        deadline = time.monotonic() + seconds + _GRACE_S
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(len(message).to_bytes(_LENGTH_BYTES, "little") + message)
            self._process.stdin.flush()
            size = int.from_bytes(self._read(_LENGTH_BYTES, deadline), "little")
            line, _, content = self._read(size, deadline).partition(b"\n")
            answer = json.loads(line)
        except (OSError, EOFError, ValueError):
            raise ExportError(
                f"--where {self._where!a}: the filter died, perhaps of too much memory: simplify it"
            ) from None
        if "error" in answer:
            place = f" for table {table}" if table else ""
            raise ExportError(f"--where {self._where!a}{place}: {one_line(answer['error'])}")
        return content

    def _read(self, size: int, deadline: float) -> bytes:
        """Exactly so many bytes; raises ``EOFError`` where the process ends or the time is up."""
        assert self._process.stdout is not None
        if size > _LARGEST:
            raise EOFError
        fd, parts = self._process.stdout.fileno(), bytearray()
        while len(parts) < size:
            left = deadline - time.monotonic()
            part = os.read(fd, min(1 << 20, size - len(parts))) if left > 0 and files.readable(fd, left) else b""
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


def _environment() -> dict[str, str]:
    """Nothing of this process's environment, which may hold secrets, and no thread before the lock-down."""
    return {
        "PYTHONPATH": str(_CODE), "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false", "MALLOC_ARENA_MAX": "2",
    }  # fmt: skip
