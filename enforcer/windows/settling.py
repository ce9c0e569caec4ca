"""One run brought to rest after its Lictor died or hung: ended, or let go on as if it had never been frozen.

Part of the keeper's program. For a run that fails open the keeper holds a copy of its job's handle: the job's limit on new processes is to be
lifted, and its members are to be asked for, when Lictor is gone. For one that fails closed it holds none: the system itself ends that run with
Lictor's last handle, and a keeper that was suspended or hangs must not stand in its way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from enforcer.interface import GuardRefusal, Outcome
from enforcer.settled import Settled
from enforcer.windows import api, process, suspension, tree
from enforcer.windows.isolate import ProgramBlock
from enforcer.windows.job import Job
from enforcer.windows.suspension import Halt

PATIENCE_S = 5.0
"""How long it is tried until it counts as failed."""

Note = Callable[[Settled], None]
"""Writes down what was done."""


class Run:
    """One run, as far as Lictor has told of it."""

    def __init__(self, name: str, fail: Literal["open", "closed"], *, job: int = 0, theirs: int = 0) -> None:
        """``job`` is a handle of ours and closed with the run, ``theirs`` the number of Lictor's own handle; 0: there is none."""
        self.name, self.fail, self.theirs = name, fail, theirs
        self.job = Job(handle=job) if job else None
        self.known: dict[int, int] = {}
        """Process key → pid of the root, of others that were told of, and of those found below them."""
        self.halts: dict[int, Halt] = {}
        """Process key → suspension of Lictor's; the newest may not have been made."""

    def close(self) -> None:
        """Let go of the job."""
        job, self.job = self.job, None
        if job is not None:
            job.close()

    def borrow(self, lictor: int) -> None:
        """Have a handle of the job from a Lictor that lives, where there is none yet."""
        with suppress(OSError):  # it has none any more, or died just now: the system ends the run then
            if self.job is None and self.theirs and lictor:
                self.job = Job(handle=api.copy(self.theirs, 0, lictor))

    def kill(self) -> None:
        """End all of it that is left."""
        with suppress(OSError):
            if self.job is not None:
                self.job.kill()
        with suppress(OSError):
            self.known |= {one.key: one.pid for one in tree.look(self._pairs()) if one.pid != os.getpid()}
        for pid, key in self._pairs():
            with suppress(GuardRefusal):  # another process has its pid by now
                process.kill_process(pid, key, 0)

    def release(self) -> None:
        """Let all of it go on: undo what Lictor suspended, no more and no less."""
        if self.job is not None:
            with suppress(OSError):
                self.job.set_fail(self.fail)  # with it goes the limit on new processes
        self.halts = {key: halt for key, halt in self.halts.items() if not suspension.undo(halt)}

    def has_ended(self) -> bool:
        """Whether nothing of it runs any more, as far as can be seen."""
        try:
            inside = [] if self.job is None else self.job.pids()
            return not inside and not any(process.alive(pid, key) for pid, key in self._pairs())
        except OSError:
            return False

    def goes_on(self) -> bool:
        """Whether no suspension of Lictor's is left."""
        return not self.halts

    def _pairs(self) -> list[tuple[int, int]]:
        return [(pid, key) for key, pid in self.known.items()]


class Deed:
    """What is done for one run, again and again until it has taken effect; then it is written down."""

    def __init__(self, run: Run, then: str, why: str) -> None:
        """``then`` is kill or release."""
        self.run, self.then, self.why = run, then, why
        self._late = time.monotonic() + PATIENCE_S
        self._halted = len(run.halts)

    def step(self, note: Note) -> bool:
        """Do it, and look; true once that was written down, and nothing is left to do."""
        if self.then == "kill":
            self.run.kill()
        else:
            self.run.release()
        done = self.run.has_ended() if self.then == "kill" else self.run.goes_on()
        if not done and time.monotonic() <= self._late:
            return False
        note(
            Settled(
                time.time_ns(), self.run.name, self.then, "confirmed" if done else "failed", self._evidence(done=done)
            )
        )
        return True

    def _evidence(self, *, done: bool) -> str:
        if self.then == "kill":
            alone = (
                "the system ended its job with Lictor's handle"
                if self.run.theirs
                else "each process was ended by its handle"
            )
            how = alone if self.run.job is None else "TerminateJobObject"
            return (
                f"{self.why}; {how}; {'no process that is known of it runs' if done else 'processes of it still run'}"
            )
        seen = "no thread is suspended by Lictor any more" if done else "not all of them could be undone"
        return f"{self.why}; suspensions that Lictor had made or was about to make: {self._halted}; {seen}"


def rejoin(run: Run, note: Note) -> None:
    """Lictor has died: what its firewall rules block is open again for a run that fails open; for another that is left as it is, and said."""
    block = ProgramBlock(run.name, lambda: ())
    try:
        count = block.count()
    except OSError as error:
        note(_joined(run, "join", Outcome("failed", f"the firewall cannot be read: {error}")))
        return
    if count and run.fail == "open":
        note(_joined(run, "join", block.join()))
    elif count:
        why = f"{count} block rules {block.name} are kept, since the run fails closed: for every process of those programs"
        note(_joined(run, "isolate", Outcome("confirmed", why)))


def _joined(run: Run, what: str, outcome: Outcome) -> Settled:
    return Settled(time.time_ns(), run.name, what, outcome.enforcement, f"Lictor had died; {outcome.evidence}")
