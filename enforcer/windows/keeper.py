"""The keeper: a process of its own that outlives Lictor, so that nothing stays frozen or left behind.

It is told of each run before anything is done to it, and of each suspension before it is made; both are in its log by then, too. The pipe to it is never waited for: Lictor must
not stand still because its keeper does. It inherits that pipe, its log and a handle of Lictor, and nothing else; it has no console and no
window, and runs from Lictor's own interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Literal, NoReturn, Self

from enforcer.interface import KeeperError
from enforcer.settled import Settled, from_log
from enforcer.windows import api, journal, process
from enforcer.windows.job import Job
from enforcer.windows.journal import write
from enforcer.windows.pipe import Pipe, PipeFullError
from enforcer.windows.suspension import Halt

_GOODBYE_S = 5.0
_PAIRS = 100  # of a pid and a key, on a line
# Appended, so that nothing there can stand in for the standard library.
_PROGRAM = (
    "import sys; sys.path.append(sys.argv[1]); from enforcer.windows.keeping import main; main(*map(int, sys.argv[2:]))"
)
_PLACE = Path(__file__).resolve().parents[2]

_APPEND, _SHARED, _OPEN_ALWAYS, _NORMAL = 0x4, 0x1 | 0x4, 4, 0x80
"""FILE_APPEND_DATA; others may read and remove it, and not write."""

_DETACHED, _NEW_GROUP, _OUT_OF_JOB = 0x8, 0x200, 0x01000000


class Keeper:
    """The keeper of the process that started it. After a ``KeeperError`` it has ended, and only ``close`` is of use."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: Pipe, log: int) -> None:
        """Use ``start``; this only ties the parts together."""
        self._process = process
        self._pipe = pipe
        self._log = log

    @classmethod
    def start(cls, log: Path) -> Self:
        """Start one; what it has to do some day it writes to ``log``. Does not wait for it. Raises ``KeeperError``."""
        with ExitStack() as ours, ExitStack() as given:
            try:
                own = _opened(log)
                ours.callback(api.close, own)
                me = api.function("GetCurrentProcess")()
                copies = []
                for handle, access in ((own, None), (me, api.SYNCHRONIZE | api.DUP_HANDLE)):
                    copies.append(api.copy(handle, 0, access=access, inherit=True))
                    given.callback(api.close, copies[-1])
                pipe = Pipe()
                ours.callback(pipe.close)
                keeper = cls(_process(pipe, copies), pipe, own)
            except OSError as error:
                raise KeeperError(f"cannot start the keeper: {log}: {error}") from error
            ours.pop_all()
            return keeper

    @property
    def pid(self) -> int:
        """Of the keeper's process."""
        return self._process.pid

    def look(self) -> None:
        """Whether it is still there; raises ``KeeperError``."""
        if self._process.poll() is not None:
            self._lost("has ended")

    def add(
        self, run: str, job: Job | None, fail: Literal["open", "closed"], known: Sequence[tuple[int, int]] = ()
    ) -> None:
        """A run has begun, or has got a job: ``fail`` says what becomes of it should Lictor die.

        ``known``: (pid, key) of what belongs to it, and need not be in the job. Of a run that fails open the keeper gets a handle of the job
        at once, of another only the number under which Lictor has it (see ``settling``).
        """
        copied = 0
        if job is not None and fail == "open":
            copied = self._given(job.handle)
        self._tell({"do": "add", "run": run, "fail": fail, "job": copied, "theirs": 0 if job is None else job.handle})
        pairs = [f"{pid} {key}" for pid, key in known]
        for first in range(0, len(pairs), _PAIRS):
            self._tell({"do": "also", "run": run, "pids": " ".join(pairs[first : first + _PAIRS])})

    def halt(self, run: str, halt: Halt) -> None:
        """A process of the run is about to be suspended."""
        self._tell({"do": "halt", "run": run, "pid": halt.pid, "key": halt.key, "before": halt.before})

    def lease(self, run: str, seconds: float, then: Literal["release", "kill"]) -> None:
        """The run is about to be frozen; ``then`` happens unless it is cleared or renewed within ``seconds``.

        May be told before the run is added.
        """
        until = time.monotonic_ns() + int(seconds * 1e9)
        self._tell({"do": "lease", "run": run, "until": until, "then": then})

    def clear(self, run: str) -> None:
        """The run goes on, and no suspension of it is left."""
        self._tell({"do": "clear", "run": run})

    def drop(self, run: str) -> None:
        """The run has ended, or is looked after no more."""
        self._tell({"do": "drop", "run": run})

    def close(self) -> None:
        """Say goodbye, and wait for its end; safe to call twice."""
        if not self._pipe.reading:
            return
        with suppress(KeeperError):
            self._tell({"do": "goodbye"})
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GOODBYE_S)
        self._end()

    def _given(self, handle: int) -> int:
        """A copy of a handle in the keeper; its number there."""
        try:
            with process.opened(self.pid, api.DUP_HANDLE) as keeper:
                return api.copy(handle, keeper)
        except OSError as error:
            self._lost(f"takes no handle: {error}", error)

    def _tell(self, what: Mapping[str, object]) -> None:
        self.look()
        line = json.dumps(what).encode() + b"\n"
        if what["do"] in journal.WORDS:
            write(self._log, line)
        try:
            self._pipe.write(line)
        except PipeFullError as error:
            self._lost("does not listen", error)
        except OSError as error:
            self._lost("has ended", error)

    def _lost(self, why: str, error: OSError | None = None) -> NoReturn:
        self._end()
        raise KeeperError(f"keeper {self.pid} {why}") from error

    def _end(self) -> None:
        """End it, also one that hangs: it must not wake later and act on what it knew."""
        with suppress(OSError):  # so Windows answers for one that is ending
            self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_S)
        self._pipe.close()
        log, self._log = self._log, 0
        api.close(log)


def read_settled(log: Path, wait_s: float = 2.0) -> list[Settled]:
    """What keepers wrote to a log; a line that was cut by a crash is left out.

    Waits at most ``wait_s`` seconds for a keeper that has outlived its Lictor and is still at it.
    """
    deadline = time.monotonic() + wait_s
    while _is_held(log) and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        return list(from_log(log.read_bytes()))
    except FileNotFoundError:
        return []


def _is_held(log: Path) -> bool:
    """Whether a keeper has it open: then nobody else may write."""
    try:
        with log.open("r+b"):
            return False
    except FileNotFoundError:
        return False
    except PermissionError:
        return True


def _opened(log: Path) -> int:
    """A handle to append to the log; nobody else can write as long as it, or a copy of it, is open."""
    log.parent.mkdir(parents=True, exist_ok=True)
    return api.call("CreateFileW", str(log), _APPEND | api.SYNCHRONIZE, _SHARED, None, _OPEN_ALWAYS, _NORMAL, None)


def _process(pipe: Pipe, given: Sequence[int]) -> subprocess.Popen[bytes]:
    try:
        return _started(pipe, given, _OUT_OF_JOB)
    except PermissionError:  # Lictor itself is in a job that lets nobody out
        return _started(pipe, given, 0)


def _started(pipe: Pipe, given: Sequence[int], flags: int) -> subprocess.Popen[bytes]:
    if sys.platform != "win32":
        raise OSError("only Windows has this keeper")
    import msvcrt  # noqa: PLC0415 - see above

    # Of a virtual environment sys.executable is a program that starts the interpreter: that one itself is wanted.
    # -I -S: nothing of the environment or of installed packages can break it.
    program = getattr(sys, "_base_executable", None) or sys.executable
    command = [program, "-I", "-S", "-c", _PROGRAM, str(_PLACE), *map(str, given)]
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # Python needs it
    startup = subprocess.STARTUPINFO()
    startup.lpAttributeList = {"handle_list": list(given)}
    stdin = msvcrt.open_osfhandle(api.copy(pipe.reading, 0), os.O_RDONLY)
    try:
        return subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=kept, startupinfo=startup,
            cwd=kept.get("SYSTEMROOT"), creationflags=_DETACHED | _NEW_GROUP | flags,
        )  # fmt: skip
    finally:
        os.close(stdin)
