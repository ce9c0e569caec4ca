"""The reading end of a lake: SQL in, Arrow out, run in a worker process that may do nothing else.

This side never imports DuckDB. It starts a worker per query (about 0.3 s), hands it a request
without any of this process's environment, and takes back a bounded answer within the time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.lake import layout, start
from pipeline.lake.errors import LakeError, QueryError, log_warning
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Span = tuple[datetime, datetime]
"""From a moment to another one, which is not in it any more."""

GRACE_S = 3.0  # the worker interrupts itself; this much later it is killed
_CODE = Path(__file__).parents[2]
_WINDOWS = ("SYSTEMROOT",)
"""Without it no program starts on Windows; nobody else has it."""


class Lake:
    """A lake to be asked.

    ``views`` (name to SELECT, in an order in which each needs only those before it) exist beside the
    base tables activity, run_log, processes, findings, actions, coverage, policies, request_log and console. ``memory``
    bounds the worker, ``max_bytes`` a result. ``verify_bytes``: how much Parquet a query may compare with its
    recorded SHA-256 before it reads (newest first; None is all; what was found whole is remembered
    as long as this object lives). Missing and cut segments are always noticed.
    ``unsafe`` permits queries where the kernel can confine nothing. Raises ``LakeError``.
    """

    def __init__(
        self, root: Path | str, *, views: Mapping[str, str] | None = None, memory: int = 1 << 30,
        max_bytes: int = 256 << 20, verify_bytes: int | None = 512 << 20, unsafe: bool = False,
        report: Callable[[str], None] = log_warning,
    ) -> None:  # fmt: skip
        self.root = Path(root).resolve()
        layout.check_readable(self.root)
        self.views = dict(views or {})
        self._max_bytes = max_bytes
        self._settings = {"memory": memory, "max_bytes": max_bytes, "verify_bytes": verify_bytes, "unsafe": unsafe}
        self._report = report
        self._known: set[str] = set()

    def query(
        self,
        sql: str,
        *,
        timeout: float = 30.0,
        limit: int | None = None,
        skip_damaged: bool = False,
        span: Span | None = None,
    ) -> pa.Table:
        """Rows of one SELECT: at most ``limit`` of them, within ``timeout`` seconds.

        ``span``: no rows of ``activity``, ``activity_hours`` and ``coverage`` from outside of it are asked for, so that
        segments without any need not be opened.

        A damaged segment or log fails the query, naming the file; with ``skip_damaged`` it is left out
        and ``report`` is told. Raises ``QueryError``, or ``LakeError`` when the lake cannot be read.
        """
        request = {"sql": sql, "limit": limit, "skip_damaged": skip_damaged, "span": microseconds(span)}
        answer, content = self._ask(request, timeout)
        for warning in answer["warnings"]:
            self._report(warning)
        self._known.update(answer["known"])
        table = pa.ipc.open_stream(content).read_all()
        table.validate(full=True)  # the worker is not trusted more than the SQL that ran in it
        return table

    def query_all(
        self,
        sqls: Mapping[str, str],
        *,
        prepare: Sequence[str] = (),
        timeout: float = 60.0,
        skip_damaged: bool = False,
        span: Span | None = None,
    ) -> dict[str, pa.Table | QueryError]:
        """Many SELECTs of the same moment by name, in one worker: a start costs more than most questions.

        ``prepare``: statements that go first, such as tables in memory that many of them read; one that fails fails all.
        A question that fails gives its error in place of rows. ``timeout`` and the size of a result are for all together;
        what comes too late is an error. Raises as ``query`` does for what concerns all of them.
        """
        text = "\n".join([*prepare, *sqls.values()])
        request = {
            "sql": text,
            "prepare": list(prepare),
            "sqls": dict(sqls),
            "limit": None,
            "skip_damaged": skip_damaged,
            "span": microseconds(span),
        }
        answer, content = self._ask(request, timeout)
        for warning in answer["warnings"]:
            self._report(warning)
        self._known.update(answer["known"])
        found: dict[str, pa.Table | QueryError] = {}
        for name, (size, error) in answer["parts"].items():
            if error is not None:
                found[name] = QueryError(error)
                continue
            table = pa.ipc.open_stream(content[:size]).read_all()
            table.validate(full=True)  # as in ``query``
            content, found[name] = content[size:], table
        return found

    def check(self, *, timeout: float = 600.0) -> list[str]:
        """Compare every segment and log with its checksums: one line for each that is damaged."""
        damages: list[str] = self._ask({"sql": None, "limit": None, "skip_damaged": True}, timeout)[0]["damages"]
        return damages

    def _ask(self, request: dict[str, Any], timeout: float) -> tuple[dict[str, Any], memoryview]:
        layout.check_readable(self.root)
        request |= self._settings | {
            "root": str(self.root), "views": self.views, "timeout": timeout, "known": sorted(self._known),
        }  # fmt: skip
        output, status = _run_worker(json.dumps(request).encode(), timeout, self._max_bytes * 2 + (1 << 20))
        line, _, rest = output.partition(b"\n")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise QueryError(self._crashed(status, request)) from None
        if "error" in answer:
            raise (QueryError if answer["kind"] == "QueryError" else LakeError)(answer["error"])
        return answer, memoryview(rest)

    def _crashed(self, status: int, request: Mapping[str, Any]) -> str:
        """A worker that died may have met a damaged file: look for it before blaming the query."""
        if request["sql"] is not None:
            damages = self.check()
            if damages:
                return damages[0]
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"the query worker died ({how}): it may have asked for too much memory; narrow the query"


def microseconds(span: Span | None) -> tuple[int, int] | None:
    """A span as workers take it: µs since 1970."""
    return None if span is None else (_us(span[0]), _us(span[1]))


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _run_worker(request: bytes, timeout: float, max_bytes: int) -> tuple[bytes, int]:
    """Run a worker on a request; returns its output and exit status. Raises ``QueryError`` past time or size."""
    deadline = time.monotonic() + timeout + GRACE_S
    with subprocess.Popen(
        start.command("worker"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env=environment(),
    ) as process:  # fmt: skip
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(request)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it died early: its status says more
            output = _read_until(process.stdout.fileno(), deadline, max_bytes)
            return output, process.wait(max(0.1, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise QueryError(f"the query took longer than {timeout:g} s: narrow it, or allow more time") from None
        finally:
            process.kill()


def _read_until(fd: int, deadline: float, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not files.readable(fd, left):
            raise TimeoutError
        part = os.read(fd, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise QueryError("the query worker sent more than was asked for and was stopped")


def read_line(fd: int, deadline: float) -> bytes:
    """Up to a line's end, byte by byte: what is behind it belongs to somebody else. Raises ``TimeoutError``, ``EOFError``."""
    line = b""
    while not line.endswith(b"\n"):
        line += bytes(read_exactly(fd, 1, deadline))
    return line


def read_exactly(fd: int, length: int, deadline: float) -> bytearray:
    """So many bytes of a pipe. Raises ``TimeoutError``, ``EOFError``."""
    content = bytearray(length)
    view, position = memoryview(content), 0
    while position < length:
        left = deadline - time.monotonic()
        if left <= 0 or not files.readable(fd, left):
            raise TimeoutError
        count = files.read_into(fd, view[position : position + (1 << 20)])
        if not count:
            raise EOFError
        position += count
    return content


def environment() -> dict[str, str]:
    """Nothing of this process's environment but what Python needs, and no thread before the lock-down."""
    return {
        **{name: os.environ[name] for name in _WINDOWS if name in os.environ},
        "PYTHONPATH": str(_CODE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        "MALLOC_ARENA_MAX": "2",
    }
