"""Runs that are held: frozen, and waiting for a person to say how it goes on.

A hold is one question: may this process do this? Several can be open in one run, which goes on
only when the last of them is answered. Nothing waits for ever: each has a limit and an answer for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from enforcer.interface import Order, Then


@dataclass(frozen=True)
class Hold:
    """One question. ``id`` is that of the action that froze the run; ``due`` is in seconds of the monotonic clock.

    ``stopped``: the kernel stopped the process before its call returned, so it must be told to go on. ``operation``
    is what it was about to do, or had done where that was judged after the fact.
    """

    id: str
    order: Order
    due: float
    seconds: float
    then: Then
    operation: str | None = None
    stopped: bool = False
    done: bool = False
    """The call was made: it was judged after the fact, or came through although it was to be refused."""

    @property
    def run(self) -> str:
        """The run that is frozen for it."""
        return self.order.run

    @property
    def key(self) -> tuple[str, int, str | None]:
        """A second demand of this key, while the question is open, is the same question."""
        return self.order.run, self.order.process_key, self.order.rule


class Holds:
    """The open questions."""

    def __init__(self) -> None:
        self._open: dict[str, Hold] = {}

    def __iter__(self) -> Iterator[Hold]:
        return iter(tuple(self._open.values()))

    def add(self, hold: Hold) -> None:
        """Open a question."""
        self._open[hold.id] = hold

    def close(self, hold: Hold) -> None:
        """It is answered, or nobody is left whom it concerns."""
        self._open.pop(hold.id, None)

    def is_open(self, hold: Hold) -> bool:
        """Whether nobody has answered it yet."""
        return hold.id in self._open

    def of_run(self, run: str) -> list[Hold]:
        """The questions for which a run is frozen."""
        return [hold for hold in self._open.values() if hold.run == run]

    def same(self, key: tuple[str, int, str | None], *, stopped: bool | None = None) -> Hold | None:
        """The open question of this key; where ``stopped`` is given, only one about a process that was stopped, or was not.

        A rule may stop a process at one call and be judged late at another: to let it go on after the one is not enough.
        """
        found = (hold for hold in self._open.values() if hold.key == key)
        return next((hold for hold in found if stopped is None or hold.stopped == stopped), None)

    def due(self, now: float) -> list[Hold]:
        """The questions that nobody answered in time."""
        return [hold for hold in self._open.values() if now >= hold.due]
