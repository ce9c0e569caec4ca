"""The keeper: a process of its own that outlives Lictor, so that nothing stays frozen, stopped or left behind.

It is told of each run before anything is done to it. Lines are short enough to be written in one piece, and the pipe
is never waited for: Lictor must not stand still because its keeper does.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, Self

from collectors.identity import process_key_from_proc
from enforcer.interface import KeeperError
from enforcer.settled import Settled, from_log

_GOODBYE_S = 5.0
_PAIRS = 100  # of a pid and a start, on a line
# Appended, so that nothing there can stand in for the standard library.
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from enforcer.linux.keeping import main; main(int(sys.argv[2]))"
_PLACE = Path(__file__).resolve().parents[2]


class Keeper:
    """The keeper of the process that started it. After a ``KeeperError`` it has ended, and only ``close`` is of use."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int) -> None:
        """Use ``start``; this only ties the parts together."""
        self._process = process
        self._pipe = pipe

    @classmethod
    def start(cls, log: Path) -> Self:
        """Start one; what it has to do some day it writes to ``log``. Does not wait for it. Raises ``KeeperError``."""
        read, write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(write, False)
        try:
            with _locked(log) as out, _undisturbed():
                process = _process(read, out)
        except OSError as error:
            os.close(write)
            raise KeeperError(f"cannot start the keeper: {error.filename or log}: {error.strerror}") from error
        finally:
            os.close(read)
        return cls(process, write)

    @property
    def pid(self) -> int:
        """Of the keeper's process."""
        return self._process.pid

    def look(self) -> None:
        """Whether it is still there; raises ``KeeperError``."""
        if self._process.poll() is not None:
            self._end()
            raise KeeperError(f"keeper {self.pid} has ended")

    def add(
        self,
        run: str,
        group: Path | None,
        root_pid: int,
        root_key: int,
        fail: Literal["open", "closed"],
        others: Sequence[tuple[int, int]] = (),
    ) -> None:
        """A run has begun, or has got a cgroup: ``fail`` says what becomes of it should Lictor die.

        Without a ``group`` the keeper reaches the root, ``others`` and what descends from them by then. ``others``: (pid, key) of what belongs to it, and is not in the cgroup yet.
        """
        try:
            number = 0 if group is None else group.stat().st_ino
        except FileNotFoundError:
            return  # it has ended already
        start = _start(root_pid, root_key)
        self._tell(
            {
                "do": "add",
                "run": run,
                "group": "" if group is None else str(group),
                "id": number,
                "root": root_pid,
                "start": start,
                "fail": fail,
            }
        )
        pairs = [f"{pid} {start}" for pid, key in others if (start := _start(pid, key))]
        for first in range(0, len(pairs), _PAIRS):
            self._tell({"do": "also", "run": run, "pids": " ".join(pairs[first : first + _PAIRS])})

    def lease(self, run: str, seconds: float, then: Literal["release", "kill"]) -> None:
        """The run is about to be frozen; ``then`` happens unless it is cleared or renewed within ``seconds``.

        May be told before the run is added.
        """
        until = time.clock_gettime_ns(time.CLOCK_BOOTTIME) + int(seconds * 1e9)
        self._tell({"do": "lease", "run": run, "until": until, "then": then})

    def clear(self, run: str) -> None:
        """The run goes on."""
        self._tell({"do": "clear", "run": run})

    def drop(self, run: str) -> None:
        """The run has ended, and its cgroup was seen to."""
        self._tell({"do": "drop", "run": run})

    def close(self) -> None:
        """Say goodbye, and wait for its end; safe to call twice."""
        if self._pipe < 0:
            return
        with suppress(KeeperError):
            self._tell({"do": "goodbye"})
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GOODBYE_S)
        self._end()

    def _tell(self, what: Mapping[str, object]) -> None:
        line = json.dumps(what).encode() + b"\n"
        if len(line) > select.PIPE_BUF:  # it would not be written in one piece
            raise KeeperError(f"run {what['run']} has too long a path: {str(what['group'])[:100]}…")
        try:
            os.write(self._pipe, line)
        except OSError as error:
            why = "does not listen" if error.errno == errno.EAGAIN else "has ended"
            self._end()
            raise KeeperError(f"keeper {self.pid} {why}") from error

    def _end(self) -> None:
        """End it, also one that hangs: it must not wake later and act on what it knew."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_S)
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def read_settled(log: Path, wait_s: float = 2.0) -> list[Settled]:
    """What keepers wrote to a log; a line that was cut by a crash is left out.

    Waits at most ``wait_s`` seconds for a keeper that has outlived its Lictor and is still at it.
    """
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        deadline = time.monotonic() + wait_s
        while not _lock(descriptor, fcntl.LOCK_SH) and time.monotonic() < deadline:
            time.sleep(0.01)
        return list(from_log(file.read()))


def _process(pipe: int, log: int) -> subprocess.Popen[bytes]:
    # -I -S: nothing of the environment or of installed packages can break it.
    command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_PLACE), str(os.getpid())]
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}  # some Pythons need it
    return subprocess.Popen(
        command, stdin=pipe, stdout=log, stderr=subprocess.DEVNULL, cwd="/", env=kept, start_new_session=True
    )


@contextmanager
def _locked(log: Path) -> Iterator[int]:
    """A log to append to, locked for as long as the keeper has it open."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A child that is started here begins with these signals blocked: it cannot be ended before it ignores them."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def _start(pid: int, key: int) -> int:
    """Start of a process in this machine's ``/proc``, as the keeper will see it; 0 when it is not that process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
        same = process_key_from_proc(pid) == key  # asked after the read, so that both are about the same process
    except OSError:
        return 0
    return int(text.rpartition(b")")[2].split()[19]) if same else 0
