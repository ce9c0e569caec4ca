"""The line that a person or an agent reads on the terminal, and how many of them there may be.

A program that tries a thousand files must not fill the screen with a thousand lines.
"""

from __future__ import annotations

from collections import deque

from lictor.telling.stopped import Stopped
from pipeline.escape import visible

MOST_BYTES = 400
MOST_LINES, WINDOW_S = 5, 1.0
"""So many lines of a run within so many seconds."""

DONE = {
    "ask": "held", "deny": "denied", "freeze": "frozen", "quarantine": "quarantined", "isolate": "isolated", "kill": "killed",
}  # fmt: skip
"""What a verdict has done, in one word."""

_MORE = {"utf-8": "…", "ascii": "..."}


def terminal_line(stopped: Stopped, encoding: str) -> bytes:
    """The line, with its ends: at most ``MOST_BYTES`` bytes, and no character that a terminal would obey."""
    why = " ".join(text for text in (stopped.because, stopped.instead) if text)
    rule = f"rule {stopped.rule}" if stopped.rule else ""
    told = ": ".join(text for text in (rule, why) if text)
    what = " ".join(text for text in (stopped.operation, stopped.object) if text)
    return _line(f"{DONE.get(stopped.action, stopped.action)}: {what}{f' ({told})' if told else ''}", encoding)


def more_line(count: int, encoding: str) -> bytes:
    """The line in the place of those that were too many."""
    return _line(f"{_MORE[encoding]} and {count} more", encoding)


def _line(text: str, encoding: str) -> bytes:
    # A name may end in the middle of a letter; visible() has made that printable, and what is left of ASCII is text.
    data = visible(f"lictor: {text}").encode(encoding, "backslashreplace")
    room = MOST_BYTES - 4
    if len(data) > room:
        end = _MORE[encoding].encode(encoding)
        data = data[: room - len(end)].decode(encoding, "ignore").encode(encoding) + end
    return b"\r\n" + data + b"\r\n"


class Throttle:
    """Lets some lines of a run through and counts the others; told the time, in seconds, that never goes back."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=MOST_LINES)
        self.left_out = 0

    def lets(self, now: float) -> bool:
        """Whether one more line may be written; counts it either way."""
        if self.left_out or not self._free(now):
            self.left_out += 1
            return False
        self._times.append(now)
        return True

    def due(self, now: float) -> int:
        """How many lines were left out, once that may be said; they are forgotten then."""
        if not self.left_out or not self._free(now):
            return 0
        count, self.left_out = self.left_out, 0
        self._times.append(now)
        return count

    def _free(self, now: float) -> bool:
        return len(self._times) < MOST_LINES or now - self._times[0] >= WINDOW_S
