"""The keeper's own program: waits for Lictor's death, and sees to it that no run is stuck because of it.

It stands on the standard library alone, so that it is small and holds nothing of Lictor's open: no lock, no ring, no
file of the lake. Lictor tells it on standard input, a JSON object a line, what runs there are (``keeper.py`` says
which). When Lictor ends without a goodbye it has died; when a lease is up, it hangs. What was done goes to standard
output.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
from contextlib import suppress

from enforcer.linux import bare
from enforcer.linux.settling import Deed, Run

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _IDLE_PAUSE_S = 0.002, 0.5, 1.0


class Keeping:
    """What Lictor has told, and what is being done about it."""

    def __init__(self) -> None:
        self.known: dict[str, Run] = {}
        self.leases: dict[str, tuple[int, str]] = {}
        """Run → (when it is up, what then); a lease may be told before its run."""
        self.deeds: dict[str, Deed] = {}
        self._goodbye = False
        self._rest = b""
        self._pause = _FIRST_PAUSE_S

    def listen(self, lictor: int) -> bool:
        """Until Lictor's goodbye (true) or its death (false).

        Its pidfd tells of that too (-1: it is dead already), since a child of Lictor's may hold the pipe open.
        """
        poll = select.poll()
        poll.register(0, select.POLLIN)
        if lictor >= 0:
            poll.register(lictor, select.POLLIN)
        while True:
            dead = lictor < 0 or lictor in [number for number, _ in poll.poll(self._wait_ms())]
            ended = self._drain()
            if self._goodbye or ended or dead:
                return self._goodbye
            self._step()

    def _wait_ms(self) -> int | None:
        waits = [max(0.0, (until - _now()) / 1e9) for until, _ in self.leases.values()]
        # Not longer at a time: while a machine sleeps, the clock of a lease goes on and that of poll does not.
        waits += [_IDLE_PAUSE_S] if waits else []
        waits += [self._pause] if self.deeds else []
        return int(min(waits) * 1000) + 1 if waits else None

    def _drain(self) -> bool:
        """Take in all that was said; whether nobody can say more."""
        with suppress(BlockingIOError):
            while piece := os.read(0, 65536):
                *lines, self._rest = (self._rest + piece).split(b"\n")
                for line in lines:
                    with suppress(ValueError, KeyError, TypeError):  # one bad line must not end the keeper
                        self.hear(json.loads(line))
            return True
        return False

    def hear(self, told: dict[str, str | int]) -> None:
        """Take in one thing that was said."""
        what, name = told["do"], str(told.get("run"))
        if what == "goodbye":
            self._goodbye = True
            return
        if what == "also":
            numbers = [int(number) for number in str(told["pids"]).split()]
            self.known[name].others |= dict(zip(numbers[::2], numbers[1::2], strict=True))
            return
        # Lictor has come back to the run, and knows better what is to become of it.
        self.deeds.pop(name, None)
        if what == "lease":
            self.leases[name] = int(told["until"]), str(told["then"])
        elif what == "add":
            root, start = int(told["root"]), int(told["start"])
            self._forget(name)
            self.known[name] = Run(name, str(told["group"]), int(told["id"]), root, start, str(told["fail"]))
        else:
            self.leases.pop(name, None)
            if what == "drop":
                self._forget(name)

    def _forget(self, name: str) -> None:
        run = self.known.pop(name, None)
        if run is not None:
            run.close()

    def _begin(self, run: Run, then: str, why: str) -> None:
        self.deeds[run.name] = Deed(run, then, why)
        self._pause = _FIRST_PAUSE_S

    def _step(self) -> None:
        """Begin what leases demand that are up, and go on with what is being done."""
        for name in [name for name, (until, _) in self.leases.items() if until <= _now()]:
            _, then = self.leases.pop(name)
            if name in self.known:
                self._begin(self.known[name], then, "its lease was up and Lictor had not come back to it")
        for deed in list(self.deeds.values()):
            deed.step()
            if deed.is_over():
                del self.deeds[deed.run.name]
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)

    def settle(self) -> None:
        """Lictor has died: do with every run what its policy says, and remove its group once the last process ended."""
        self.leases.clear()
        for run in self.known.values():
            self._begin(run, "kill" if run.fail == "closed" else "release", "Lictor had died")
        told = heeding = False
        while self.known:
            self._step()
            if not told and all(deed.noted for deed in self.deeds.values()):
                os.close(1)  # with it goes the lock that tells the next Lictor that more is to come
                told = True
            if not heeding and not self.deeds:
                self._heed()
                heeding = True
            self._remove()
            self._wait()

    def _heed(self) -> None:
        """All is settled: SIGTERM counts from here on, since the next start of Lictor removes what is left."""
        for run in self.known.values():
            run.mark_settled()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def _remove(self) -> None:
        for name, run in list(self.known.items()):
            if (name not in self.deeds or self.deeds[name].noted) and run.is_removed():
                self.deeds.pop(name, None)
                self._forget(name)

    def _wait(self) -> None:
        """Until a group changes, or it is time to look anyhow: a removed group gives no notice."""
        poll = select.poll()
        for run in self.known.values():
            if run.events >= 0:
                poll.register(run.events, select.POLLPRI)
        if self.known:
            poll.poll(1000 * (self._pause if self.deeds else _IDLE_PAUSE_S))


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def main(lictor: int) -> None:
    """Listen until Lictor says goodbye or dies; ``lictor`` is its pid."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM})  # kept for later, see _heed
    bare.write("/proc/self/comm", "lictor-keeper")
    bare.write("/proc/self/oom_score_adj", "-1000")  # what ends Lictor for want of memory must not end this
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    os.set_blocking(0, False)
    keeping = Keeping()
    if not keeping.listen(bare.parent(lictor)):
        keeping.settle()
