"""A lake that is asked often: workers that stay, in the same cage as those of ``Lake``, and answer small questions in milliseconds.

For questions that Lictor itself writes, as the pages of a dashboard do. A person's SQL goes to ``Lake``: a worker of its own is the better cage,
and a slow question there keeps nobody waiting. A question takes whichever worker is free; with all busy it waits.

What is guaranteed about damage: a segment is looked at before a question reads its file, so one that is missing or cut, or that has changed since
it was last seen, fails the question or is left out aloud. Its bytes are compared with their SHA-256 in the background, what came last first: an answer
may rest on segments whose turn has not come, and once a flipped bit is found, each later question that reads that segment fails or leaves it out.
Small tables are held in memory as they were when their files were read.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.lake import layout, start
from pipeline.lake.errors import LakeError, QueryError, log_warning
from pipeline.lake.reader import GRACE_S, Span, environment, microseconds, read_exactly, read_line

START_S = 30.0
WARM_APART_S = 15.0
"""Between the starts of two workers that nobody has asked yet."""


class StandingLake:
    """As ``Lake``, for many threads; ``workers`` processes are started at once, one after the other, or when they are needed. Raises ``LakeError``."""

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
        self._closed = False
        # One thread starts all of them: a worker dies with the thread that started it (PR_SET_PDEATHSIG), and askers come and go.
        self._starter = ThreadPoolExecutor(1, "lake-standing")
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()  # the last one used has the most in its caches
        started = [_Worker(self._settings, self._starter) for _ in range(workers)]
        for worker in started:
            self._free.put(worker)
        threading.Thread(target=_warm, args=(started[::-1],), name="lake-warm", daemon=True).start()

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
        """End the workers that are free; one that is busy ends with this process. Whoever asks later gets ``LakeError``."""
        self._closed = True
        while True:
            try:
                self._free.get_nowait().close()
            except queue.Empty:
                break
        self._starter.shutdown(wait=False)

    def _asked(
        self, sqls: Mapping[str, str], timeout: float, limit: int | None, skip_damaged: bool, span: Span | None
    ) -> dict[str, pa.Table | QueryError]:
        layout.check_readable(self.root)
        if self._closed:
            raise LakeError(f"{self.root}: this lake was closed: open it anew")
        deadline = time.monotonic() + timeout
        try:
            worker = self._free.get(timeout=timeout)
        except queue.Empty:
            raise QueryError(f"all query workers are busy for {timeout:g} s: try again") from None
        request = {
            "sqls": dict(sqls), "timeout": max(0.1, deadline - time.monotonic()), "allowed": timeout, "limit": limit,
            "skip_damaged": skip_damaged, "span": microseconds(span), "max_bytes": self._max_bytes,
        }  # fmt: skip
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
        self._closed = False

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
                    f"the query took longer than {request['allowed']:g} s: narrow it, or allow more time"
                ) from None
            except (OSError, EOFError, ValueError, KeyError):
                raise QueryError(self._died()) from None
            except QueryError:
                self.stop()
                raise
            return answer, memoryview(content)

    def start(self) -> None:
        """Start the process before the first question, which then finds the lake known. What fails is told to who asks."""
        with suppress(LakeError, RuntimeError), self._lock:  # a starter that was shut down takes no more
            self._running()

    def close(self) -> None:
        """End the process and start no other one."""
        self._closed = True
        self.stop()

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
        if self._closed:
            raise LakeError("this lake was closed: open it anew")
        process = self._process = self._starter.submit(_started).result()
        if self._closed:  # meanwhile
            self.stop()
            raise LakeError("this lake was closed: open it anew")
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


def _warm(workers: Iterable[_Worker]) -> None:
    """Start one after the other: two that take the lake in at the same time would keep the first question waiting."""
    for worker in workers:
        worker.start()
        time.sleep(WARM_APART_S)


def _bounded(size: int, most: int) -> int:
    """How much comes, if that is not more than was asked for."""
    if not 0 <= size <= most:
        raise QueryError("the query worker sent more than was asked for and was stopped")
    return size


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        start.command("standing_worker"),
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
