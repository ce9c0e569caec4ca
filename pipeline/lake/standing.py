"""A lake that is asked often: workers that stay, in the same cage as those of ``Lake``, and answer small questions in milliseconds.

For questions that Lictor itself writes, as the pages of a dashboard do. A person's SQL goes to ``Lake``: a worker of its own is the better cage,
and a slow question there keeps nobody waiting. A question takes whichever worker is free; with all busy it waits.

What is guaranteed about damage: missing and cut segments are noticed when their commit record is first seen; content is compared with its SHA-256 in
the background, what came last first, so a flipped bit is found some time after the start, not before the first answer.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.lake import layout
from pipeline.lake.errors import LakeError, QueryError, log_warning
from pipeline.lake.reader import GRACE_S, Span, environment, microseconds, read_exactly, read_line

START_S = 30.0


class StandingLake:
    """As ``Lake``, for many threads; ``workers`` processes are started when they are first needed. Raises ``LakeError``."""

    def __init__(
        self, root: Path | str, *, views: Mapping[str, str] | None = None, memory: int = 1 << 30,
        max_bytes: int = 256 << 20, unsafe: bool = False, workers: int = 2,
        report: Callable[[str], None] = log_warning,
    ) -> None:  # fmt: skip
        self.root = Path(root).resolve()
        layout.check_readable(self.root)
        self.views = dict(views or {})
        self._settings = {"root": str(self.root), "views": self.views, "memory": memory, "unsafe": unsafe}
        self._max_bytes = max_bytes
        self._report = report
        self._reported: set[str] = set()
        # One thread starts all of them: a worker dies with the thread that started it (PR_SET_PDEATHSIG), and askers come and go.
        self._starter = ThreadPoolExecutor(1, "lake-standing")
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()  # the last one used has the most in its caches
        for _ in range(workers):
            self._free.put(_Worker(self._settings, self._starter))

    def query(
        self,
        sql: str,
        *,
        timeout: float = 30.0,
        limit: int | None = None,
        skip_damaged: bool = False,
        span: Span | None = None,
    ) -> pa.Table:
        """As ``Lake.query``."""
        found = self._asked({"": sql}, timeout, limit, skip_damaged, span)[""]
        if isinstance(found, QueryError):
            raise found
        return found

    def query_all(
        self, sqls: Mapping[str, str], *, timeout: float = 60.0, skip_damaged: bool = False, span: Span | None = None
    ) -> dict[str, pa.Table | QueryError]:
        """As ``Lake.query_all``, but for what goes before all of them."""
        return self._asked(sqls, timeout, None, skip_damaged, span)

    def close(self) -> None:
        """End the workers that are free; one that is busy ends with this process."""
        while True:
            try:
                self._free.get_nowait().stop()
            except queue.Empty:
                break
        self._starter.shutdown(wait=False)

    def _asked(
        self, sqls: Mapping[str, str], timeout: float, limit: int | None, skip_damaged: bool, span: Span | None
    ) -> dict[str, pa.Table | QueryError]:
        layout.check_readable(self.root)
        request = {
            "sqls": dict(sqls), "timeout": timeout, "limit": limit, "skip_damaged": skip_damaged,
            "span": microseconds(span), "max_bytes": self._max_bytes,
        }  # fmt: skip
        deadline = time.monotonic() + timeout
        try:
            worker = self._free.get(timeout=timeout)
        except queue.Empty:
            raise QueryError(f"all query workers are busy for {timeout:g} s: try again") from None
        try:
            answer, content = worker.ask(request, deadline + GRACE_S, self._max_bytes * 2)
        finally:
            self._free.put(worker)
        if "error" in answer:
            raise (QueryError if answer["kind"] == "QueryError" else LakeError)(answer["error"])
        for warning in answer["warnings"]:
            if warning not in self._reported:
                self._reported.add(warning)
                self._report(warning)
        return _tables(answer["parts"], content)


def _tables(
    parts: Mapping[str, tuple[int | None, str | None]], content: memoryview
) -> dict[str, pa.Table | QueryError]:
    found: dict[str, pa.Table | QueryError] = {}
    for name, (size, error) in parts.items():
        if size is None:
            found[name] = QueryError(error or "no answer")
            continue
        table = pa.ipc.open_stream(content[:size]).read_all()
        table.validate(full=True)  # as in ``Lake.query``
        content, found[name] = content[size:], table
    return found


class _Worker:
    """One process, started at its first question and again after its end."""

    def __init__(self, settings: Mapping[str, Any], starter: Executor) -> None:
        self._settings, self._starter = settings, starter
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ask(self, request: Mapping[str, Any], deadline: float, most: int) -> tuple[dict[str, Any], memoryview]:
        """One question and its answer; raises ``QueryError`` where the worker died or does not end, ``LakeError`` where none starts."""
        with self._lock:
            process = self._running()
            try:
                _write(process, request)
                answer = json.loads(_line(process, deadline))
                content = read_exactly(_out(process), _bounded(answer["bytes"], most), deadline)
            except TimeoutError:
                self.stop()
                raise QueryError(
                    f"the query took longer than {request['timeout']:g} s: narrow it, or allow more time"
                ) from None
            except (OSError, EOFError, ValueError, KeyError):
                raise QueryError(self._died()) from None
            except QueryError:
                self.stop()
                raise
            return answer, memoryview(content)

    def stop(self) -> None:
        """End the process; the next question starts another one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.stop()
        process = self._process = self._starter.submit(_started).result()
        try:
            _write(process, self._settings)
            answer = json.loads(_line(process, time.monotonic() + START_S))
        except (OSError, EOFError, ValueError) as error:  # TimeoutError is one of the first
            raise LakeError(f"no query worker starts here ({error}): please report this") from None
        if "error" in answer:
            raise LakeError(str(answer["error"]))
        return process

    def _died(self) -> str:
        status = self._process.wait() if self._process else 0
        self.stop()
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"the query worker died ({how}): it may have asked for too much memory; narrow the query"


def _bounded(size: int, most: int) -> int:
    """How much comes, if that is not more than was asked for."""
    if not 0 <= size <= most:
        raise QueryError("the query worker sent more than was asked for and was stopped")
    return size


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "pipeline.lake.standing_worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env=environment(), bufsize=0,
    )  # fmt: skip


def _write(process: subprocess.Popen[bytes], message: Mapping[str, Any]) -> None:
    data = memoryview(json.dumps(message).encode() + b"\n")
    assert process.stdin is not None
    while data:
        data = data[process.stdin.write(data) or 0 :]


def _line(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    return read_line(_out(process), deadline)


def _out(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    return process.stdout.fileno()
