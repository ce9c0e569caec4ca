"""The keeper's own program: waits for Lictor's death, and sees to it that no run is stuck because of it.

It stands on the standard library alone, so that it is small and holds nothing of Lictor's open. Lictor tells it on standard input, a JSON
object a line, what runs there are (``keeper.py`` says which). When that ends without a goodbye, or Lictor's process ends, it has died; when a
lease is up, it hangs. What was done goes to the log whose handle it was given.
"""

from __future__ import annotations

import ctypes
import json
import time
from _queue import Empty, SimpleQueue
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Literal

from enforcer.settled import Settled
from enforcer.windows import api
from enforcer.windows.journal import write
from enforcer.windows.settling import Deed, Run, rejoin
from enforcer.windows.suspension import Halt

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _IDLE_PAUSE_S = 0.002, 0.5, 1.0
_LAST_WORDS_S = 0.5
_FOREVER_MS = 0xFFFFFFFF
_STANDARD_INPUT = 0xFFFFFFF6
_PIECE = 65536

END, DEATH = object(), object()
"""Heard instead of bytes: nobody can say more, and Lictor's process has ended."""

Heard = SimpleQueue[object]


class Keeping:
    """What Lictor has told, and what is being done about it."""

    def __init__(self, write: Callable[[bytes], None], lictor: int) -> None:
        """``write`` appends to the log. ``lictor`` is a handle of Lictor's process from which handles may be copied; 0: none."""
        self.known: dict[str, Run] = {}
        self.leases: dict[str, tuple[int, str]] = {}
        """Run → (when it is up, what then); a lease may be told before its run."""
        self.deeds: dict[str, Deed] = {}
        self._write, self._lictor = write, lictor
        self._goodbye = False
        self._rest = b""
        self._pause = _FIRST_PAUSE_S

    def listen(self, heard: Heard) -> bool:
        """Until Lictor's goodbye (true) or its death (false)."""
        while True:
            piece = _next(heard, self._wait_s())
            if piece is DEATH:
                self._last_words(heard)
            elif isinstance(piece, bytes):
                self._take(piece)
            if self._goodbye or piece in (END, DEATH):
                return self._goodbye
            self._step()

    def _last_words(self, heard: Heard) -> None:
        """What was said right before its death may lie in the pipe still."""
        until = time.monotonic() + _LAST_WORDS_S
        while isinstance(piece := _next(heard, until - time.monotonic()), bytes):
            self._take(piece)

    def _wait_s(self) -> float | None:
        waits = [max(0.0, (until - _now()) / 1e9) for until, _ in self.leases.values()]
        # Not longer at a time: while a machine sleeps, the clock of a lease goes on and that of a wait may not.
        waits += [_IDLE_PAUSE_S] if waits else []
        waits += [self._pause] if self.deeds else []
        return min(waits, default=None)

    def _take(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):  # one bad line must not end the keeper
                self.hear(json.loads(line))

    def hear(self, told: dict[str, str | int]) -> None:
        """Take in one thing that was said."""
        what, name = told["do"], str(told.get("run"))
        if what == "goodbye":
            self._goodbye = True
            return
        # Lictor has come back to the run, and knows better what is to become of it.
        self.deeds.pop(name, None)
        if what == "lease":
            self.leases[name] = int(told["until"]), str(told["then"])
        elif what == "add":
            self._add(name, told)
        elif what == "also":
            numbers = [int(number) for number in str(told["pids"]).split()]
            self.known[name].known |= dict(zip(numbers[1::2], numbers[::2], strict=True))
        elif what == "halt":
            halt = Halt(int(told["pid"]), int(told["key"]), int(told["before"]))
            self.known[name].halts[halt.key] = halt
        else:
            self._calm(name)
            if what == "drop":
                self._forget(name)

    def _add(self, name: str, told: dict[str, str | int]) -> None:
        before = self.known.get(name)
        fail: Literal["open", "closed"] = "closed" if told["fail"] == "closed" else "open"
        run = Run(name, fail, job=int(told["job"]), theirs=int(told["theirs"]))
        if before is not None:
            run.halts, run.known = before.halts, before.known
        self._forget(name)
        self.known[name] = run

    def _calm(self, name: str) -> None:
        self.leases.pop(name, None)
        if name in self.known:
            self.known[name].halts.clear()

    def _forget(self, name: str) -> None:
        run = self.known.pop(name, None)
        if run is not None:
            run.close()

    def _begin(self, run: Run, then: str, why: str) -> None:
        self.deeds[run.name] = Deed(run, then, why)
        self._pause = _FIRST_PAUSE_S

    def _note(self, settled: Settled) -> None:
        self._write(settled.line())

    def _step(self) -> None:
        """Begin what leases demand that are up, and go on with what is being done."""
        for name in [name for name, (until, _) in self.leases.items() if until <= _now()]:
            _, then = self.leases.pop(name)
            if name in self.known:
                self.known[name].borrow(self._lictor)
                self._begin(self.known[name], then, "its lease was up and Lictor had not come back to it")
        for deed in list(self.deeds.values()):
            if deed.step(self._note):
                del self.deeds[deed.run.name]
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)

    def settle(self) -> None:
        """Lictor has died: do with every run what its policy says; first who stands still, then the firewall, which takes seconds."""
        self.leases.clear()
        for run in self.known.values():
            self._begin(run, "kill" if run.fail == "closed" else "release", "Lictor had died")
        while self.deeds:
            self._step()
            time.sleep(self._pause if self.deeds else 0)
        for run in self.known.values():
            rejoin(run, self._note)


def _next(heard: Heard, seconds: float | None) -> object:
    """The next thing heard; ``None`` when nothing was within the time."""
    try:
        return heard.get(timeout=None if seconds is None else max(seconds, 0))
    except Empty:
        return None


def _now() -> int:
    """Nanoseconds of a clock that every process has, and that goes on while the machine sleeps: GetTickCount64 or better."""
    return time.monotonic_ns()


def _begin_thread(what: Callable[[], None]) -> None:
    Thread(target=what, daemon=True).start()


def main(log: int, lictor: int) -> None:
    """Listen until Lictor says goodbye or dies. ``log`` and ``lictor`` are handles that were inherited."""
    heard: Heard = SimpleQueue()

    def read() -> None:
        # Not os.read: who is in it holds a lock of the C runtime that the end of the process would wait for.
        pipe, buffer, got = (
            api.function("GetStdHandle")(_STANDARD_INPUT),
            ctypes.create_string_buffer(_PIECE),
            ctypes.c_uint32(),
        )
        while api.function("ReadFile")(pipe, buffer, _PIECE, ctypes.byref(got), None) and got.value:
            heard.put(buffer.raw[: got.value])
        heard.put(END)

    def watch() -> None:
        api.function("WaitForSingleObject")(lictor, _FOREVER_MS)
        heard.put(DEATH)

    _begin_thread(read)
    _begin_thread(watch)
    keeping = Keeping(partial(write, log), lictor)
    if not keeping.listen(heard):
        keeping.settle()
