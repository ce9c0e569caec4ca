"""One run brought to rest after its Lictor died or hung: ended, or let go on, and its cgroup removed once it is empty.

Part of the keeper's program, so it stands on ``bare`` and the standard library alone.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

from enforcer.linux import bare

LOOK_AFTER_S = 5.0
"""How long a run that is to go on is looked after: the kernel may stop one of it late."""

_MARKS = ("trusted.lictor.fail", "user.lictor.fail")  # as in cgroup.py


class Run:
    """One run. Its directory is held open: a path may be used again, a descriptor is that very group for ever."""

    def __init__(self, name: str, group: str, number: int, root: int, start: int, fail: str) -> None:
        """``number`` is the directory's inode, ``start`` that of the root process (ticks, as ``/proc`` shows them)."""
        self.name, self.group, self.fail = name, group, fail
        self.folder = bare.opened(group, os.O_RDONLY | os.O_DIRECTORY)
        if self.folder >= 0 and os.fstat(self.folder).st_ino != number:
            self.folder = bare.closed(self.folder)
        self._base = f"/proc/self/fd/{self.folder}"
        self.events = bare.opened(f"{self._base}/cgroup.events")
        self.others = {root: start} if start else {}
        """Pid → start of the root, of others that were told of, and of those below: they need not be in the group."""

    def close(self) -> None:
        """Let go of the group."""
        self.folder, self.events = bare.closed(self.folder), bare.closed(self.events)

    def shows(self) -> bytes:
        """Text of ``cgroup.events``; empty for a group that is gone. Reading it arms the next notice of ``poll``."""
        with suppress(OSError):
            return os.pread(self.events, 4096, 0)
        return b""

    def is_populated(self) -> bool:
        """Whether a process is in the group or below."""
        return b"populated 1" in self.shows()

    def members(self) -> set[int]:
        """Every process in the group or below."""
        return {int(pid) for folder in self._groups() for pid in bare.read(f"{folder}/cgroup.procs").split()}

    def reach(self) -> set[int]:
        """All that is known of it now, in the group or not."""
        return self.members() | {pid for pid, start in self.others.items() if bare.lives(pid, start)}

    def _groups(self) -> list[str]:
        """The group and those below it, parents first."""
        return [folder for folder, _, _ in os.walk(self._base)] if self.folder >= 0 else []

    def look_outside(self) -> None:
        """Find who descends from those: Lictor may have died before all of them were in the group."""
        self.others = found = {pid: start for pid, start in self.others.items() if bare.lives(pid, start)}
        everybody = list(bare.everybody()) if found else []
        grown = -1
        while grown != len(found):
            grown = len(found)
            # Should an agent have started Lictor, this process is not its to lose.
            found |= {pid: start for pid, parent, start in everybody if parent in found and pid != os.getpid()}

    def kill(self) -> set[int]:
        """End all of it; gives those that had to be signalled one by one."""
        bare.write(f"{self._base}/cgroup.kill", "1")
        self.look_outside()
        outside = self.others.keys() - self.members()
        return bare.send(outside, signal.SIGKILL, self.reach) if outside else set()

    def release(self) -> set[int]:
        """Let all of it go on; gives those that were stopped."""
        stopped = [pid for pid in self.reach() if bare.stops(pid)]
        bare.write(f"{self._base}/cgroup.freeze", "0")
        return bare.send(stopped, signal.SIGCONT, self.reach) if stopped else set()

    def has_ended(self) -> bool:
        """Whether nothing of it runs any more."""
        return not self.is_populated() and not any(bare.lives(pid, start) for pid, start in self.others.items())

    def goes_on(self) -> bool:
        """Whether nothing of it stands still any more."""
        return b"frozen 1" not in self.shows() and not any(map(bare.stops, self.reach()))

    def mark_settled(self) -> None:
        """Tell later starts of Lictor that this was seen to: who is stopped from here on, a person has stopped."""
        for name in _MARKS:
            with suppress(OSError):
                os.setxattr(self.folder, name, b"settled", os.XATTR_REPLACE)

    def is_removed(self) -> bool:
        """Remove the group with those below it, when it is empty; whether it is gone."""
        if self.is_populated():
            return False
        for folder in self._groups()[:0:-1]:
            bare.remove(folder)
        with suppress(OSError):
            if os.path.samestat(os.stat(self.group), os.fstat(self.folder)):  # noqa: PTH116 - see bare.remove
                bare.remove(self.group)
        return not self.shows()


class Deed:
    """What is done for one run, again and again until it has taken effect; then it is written down."""

    def __init__(self, run: Run, then: str, why: str) -> None:
        """``then`` is kill or release."""
        self.run, self.then, self.why = run, then, why
        self.noted = False
        self._signalled: set[int] = set()
        self._late = time.monotonic() + LOOK_AFTER_S
        run.look_outside()

    def step(self) -> None:
        """Do it, and look."""
        self._signalled |= self.run.kill() if self.then == "kill" else self.run.release()
        done = self.run.has_ended() if self.then == "kill" else self.run.goes_on()
        if not self.noted and (done or self._is_late()):
            self._note("confirmed" if done else "failed")

    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.noted and (self.run.has_ended() if self.then == "kill" else self._is_late())

    def _is_late(self) -> bool:
        return time.monotonic() > self._late

    def _note(self, enforcement: str) -> None:
        did = "signalled one by one" if self.then == "kill" else "had been stopped"
        seen = self.run.shows().decode().replace("\n", " ").strip() or "no such group"
        row = {"time_ns": time.time_ns(), "run": self.run.name, "what": self.then, "enforcement": enforcement}
        row |= {"evidence": f"{self.why}; processes that {did}: {len(self._signalled)}; cgroup.events shows {seen}"}
        with suppress(OSError):  # a full disk must not end what is done for the others
            os.write(1, json.dumps(row).encode() + b"\n")
        self.noted = True
