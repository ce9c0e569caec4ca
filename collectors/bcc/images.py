"""What a program is, beyond what its stack told at exec: its file, its folder, whether a script asked for it.

Arguments, environment and the path that was asked for come from the kernel, read before the program's first instruction.
Which file that path led to is the kernel's to know; ``/proc`` tells it as long as the program runs, and only where
the process has started no other one since. After that it is found by its path, and the row says so.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collectors.bcc.links import Links
from collectors.bcc.places import Places
from collectors.bcc.texts import OwnTexts
from collectors.identity import TICK_NS, read_stat
from collectors.kernel.machine import link_target
from collectors.kernel.strings import StringTable
from collectors.marks import NAMES
from pipeline import schema

_EXEC = schema.OPERATION_BY_NAME["exec"].code
_PROCESS, _AGENT = (schema.CLASSES.index(c) for c in ("process", "agent"))
_Q = {name: 1 << at for at, name in enumerate(schema.QUALITY)}


@dataclass(frozen=True)
class _File:
    """The file that runs: ``dev`` as the kernel counts it."""

    path: str
    ino: int = 0
    dev: int = 0
    mode: int = 0


class Images:
    """Completes the records of execs."""

    def __init__(
        self,
        strings: StringTable,
        own: OwnTexts,
        places: Places,
        links: Links,
        runs_now: Callable[[int], int | None],
    ) -> None:
        """``runs_now`` tells the number of the program that a process of a run runs now."""
        self._strings, self._own, self._places, self._links = strings, own, places, links
        self._runs_now = runs_now

    def complete(self, records: NDArray[np.void]) -> None:
        """Programs that were started, in place. One step in Python for each: ``/proc`` is asked for each."""
        class_ = records["class"]
        execs = (class_ == _AGENT) | ((class_ == _PROCESS) & (records["op"] == _EXEC) & (records["ret"] == 0))
        for row in np.flatnonzero(execs).tolist():
            self._complete(records[row : row + 1])

    def _complete(self, record: NDArray[np.void]) -> None:
        pid = int(record["pid"][0])
        nobodys = int(record["class"][0]) == _AGENT
        if nobodys:
            record["start"] = _start_of(pid)
        proc = Path(f"/proc/{pid}")
        quality = int(record["quality"][0])
        cwd = self._places.text(int(record["exec.dev"][0])) or link_target(proc / "cwd")
        given = self._strings.text(int(record["exec.path"][0]))
        asked = posixpath.join(cwd or "", given) if given else None
        if not record["exec.argv"][0]:
            quality |= self._arguments_of_proc(record, proc)
        by_descriptor = self._places.text(int(record["exec.cwd"][0]))
        running, by_name = _running(proc), self._by_name(by_descriptor or asked, int(record["exec.argv"][0]))
        # Which program a process of nobody's runs now is not known: it is taken for this one where the names agree.
        if running and (by_name in (None, running.path) if nobodys else self._runs_now(pid) == int(record["image"][0])):
            quality = quality & ~_Q["claimed"] | _Q["from_proc"]
        else:
            running = _File(by_name) if by_name else None
        script = asked if asked and running and self._is_script(asked, running.path) else None
        if script:
            quality |= _Q["claimed"]
        if running is None:
            quality |= _Q["unresolved"]
            running = _File(asked or "")
        record["exec.path"] = self._own.number(running.path or None)
        record["exec.script"] = self._own.number(script)
        record["exec.cwd"] = self._own.number(cwd)
        record["exec.marks"] = self._own.number(self._marks(int(record["exec.marks"][0])))
        record["exec.ino"], record["exec.dev"], record["exec.mode"] = running.ino, running.dev, running.mode
        record["quality"] = quality

    def _arguments_of_proc(self, record: NDArray[np.void], proc: Path) -> int:
        """Arguments of a program whose stack was not read; what that means for the quality of the row."""
        try:
            argv = (proc / "cmdline").read_bytes()
        except OSError:
            return _Q["unresolved"]
        record["exec.argv"] = self._own.number(argv.decode("utf-8", "backslashreplace") or None)
        record["exec.argv_len"] = len(argv)
        return _Q["from_proc"]

    def _by_name(self, asked: str | None, argv: int) -> str | None:
        """The file that runs, by the path that was asked for: of a script its interpreter, which begins the arguments."""
        if asked is None:
            return None
        real = self._links.real(asked)
        if not self._begins_with_hash_bang(real):
            return real
        first = (self._strings.text(argv) or "").split("\0", 1)[0]
        return self._links.real(first) if first.startswith("/") else real

    def _is_script(self, asked: str, running: str) -> bool:
        real = self._links.real(asked)
        return real != running and self._begins_with_hash_bang(real)

    def _begins_with_hash_bang(self, path: str) -> bool:
        if self._links.is_shunned(path):
            return False
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return stat.S_ISREG(os.fstat(descriptor).st_mode) and os.read(descriptor, 2) == b"#!"
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def _marks(self, number: int) -> str | None:
        """Only those variables that are marks: the kernel programs know them by their first letters."""
        words = (self._strings.text(number) or "").split("\0")
        return "\0".join(w for w in words if w.partition("=")[0] in NAMES) or None


def _running(proc: Path) -> _File | None:
    """The file behind ``/proc/<pid>/exe``; ``None`` when the process is gone."""
    path = link_target(proc / "exe")
    if path is None:
        return None
    try:
        found = (proc / "exe").stat()
    except OSError:
        return _File(path)
    return _File(path, found.st_ino, os.major(found.st_dev) << 20 | os.minor(found.st_dev), found.st_mode)


def _start_of(pid: int) -> int:
    try:
        return read_stat(pid).start_ticks * TICK_NS
    except ProcessLookupError:
        return 0
