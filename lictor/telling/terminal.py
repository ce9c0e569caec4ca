"""The terminal of a process: which one it is, and one line on it.

The number that ``/proc`` gives says nothing about whose ``/dev/pts`` it counts in: in a container it may name
somebody else's terminal here. So the leader of the session is looked at, which cannot be swapped by what it leads.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lictor.telling.proc import place_of

_PTS_MAJOR = 136  # UNIX98_PTY_SLAVE_MAJOR; its minor is the N of /dev/pts/N
_IUTF8 = 0o40000  # Linux, termbits.h; the terminal reads UTF-8
_OPEN = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC

Line = Callable[[str], bytes]
"""Gives the bytes of a line in an encoding."""


@dataclass(frozen=True)
class Terminal:
    """A terminal by its device file and (major, minor)."""

    path: str
    device: tuple[int, int]

    @property
    def name(self) -> str:
        """As ``ps`` shows it."""
        return self.path.removeprefix("/dev/")


def terminal_of(pid: int) -> Terminal | None:
    """The terminal of a process, a zombie too; ``None`` when there is none, or none that is safe to write on."""
    place = place_of(pid)
    if place is None or not place.terminal:
        return None
    number = place.terminal
    device = (number >> 8) & 0xFFF, (number & 0xFF) | ((number >> 12) & 0xFFF00)
    path = _path(device)
    leader = place.session if place_of(place.session) is not None else pid
    return Terminal(path, device) if path and _is_theirs(path, device, leader) else None


def _path(device: tuple[int, int]) -> str | None:
    major, minor = device
    if major == _PTS_MAJOR:
        return f"/dev/pts/{minor}"
    try:
        lines = Path(f"/sys/dev/char/{major}:{minor}/uevent").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    name = next((line.removeprefix("DEVNAME=") for line in lines if line.startswith("DEVNAME=tty")), None)
    return f"/dev/{name}" if name else None


def _is_theirs(path: str, device: tuple[int, int], leader: int) -> bool:
    """Whether the file here is the terminal that the number means there.

    A user cannot get hold of another's terminal by taking one with the same number from elsewhere: it must be the
    leader's own, or the leader root's.
    """
    try:
        file = Path(path).stat(follow_symlinks=False)
        return (
            _is_device(file, device)
            and bool(theirs := _devpts(leader))
            and theirs <= _devpts("self")
            and _user(leader) in (0, file.st_uid)
        )
    except (OSError, StopIteration):
        return False


def _is_device(file: os.stat_result, device: tuple[int, int]) -> bool:
    return stat.S_ISCHR(file.st_mode) and file.st_rdev == os.makedev(*device)


def _devpts(pid: int | str) -> frozenset[bytes]:
    """Devices of the ``devpts`` file systems that a process has mounted: two of them number their terminals alike."""
    lines = Path(f"/proc/{pid}/mountinfo").read_bytes().splitlines()
    return frozenset(line.split()[2] for line in lines if b" - devpts " in line)


def _user(pid: int) -> int:
    """The effective user of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return int(next(line for line in lines if line.startswith("Uid:")).split()[2])


def write_line(terminal: Terminal, line: Line) -> str | None:
    """Put one line on a terminal without ever waiting for it; ``None`` when it took it, else the cause in few words.

    ``line`` is asked for UTF-8 only where the terminal says that it reads that: elsewhere a letter's second byte
    may be a command to it.
    """
    try:
        descriptor = os.open(terminal.path, _OPEN)
    except OSError as error:
        return _cause(error)
    try:
        if not _is_device(os.fstat(descriptor), terminal.device):
            return "it is another device by now"
        data = line("utf-8" if termios.tcgetattr(descriptor)[0] & _IUTF8 else "ascii")
        with _unstopped():
            taken = os.write(descriptor, data)
        return None if taken == len(data) else f"it took {taken} of {len(data)} bytes"
    except (OSError, termios.error) as error:
        return _cause(error)
    finally:
        os.close(descriptor)


@contextmanager
def _unstopped() -> Iterator[None]:
    """A terminal with ``tostop`` set stops whoever writes from the background; it must not stop Lictor."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cause(error: Exception) -> str:
    number = error.args[0] if error.args else None
    if number == errno.EAGAIN:
        return "it is full: nobody reads it"
    return os.strerror(number) if isinstance(number, int) else str(error)
