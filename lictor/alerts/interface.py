"""What a target of alerts is: something that one document can be put to, once, within a time.

Whether it is tried again, for how long and what is written down about it is the worker's affair (``worker.py``),
alike for every kind of target.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.policy.quantities import NS

Came = Literal["delivered", "again", "final"]
"""How one try came out; ``again``: it failed, and another may succeed."""


@dataclass(frozen=True)
class Attempt:
    """One try: how it came out, and what was seen in a few words that hold no secret."""

    came: Came
    said: str
    after: float | None = None
    """In how many seconds the target wants to be tried again, where it says so."""
    output: str = ""
    """What a command wrote."""


class Deadline:
    """A moment that can be moved nearer while somebody waits for it; may lie within another one."""

    def __init__(self, seconds: float, within: Deadline | None = None) -> None:
        self._at = time.monotonic() + seconds
        self._within = within

    def left(self) -> float:
        """Seconds until then, 0 when it is over."""
        own = max(0.0, self._at - time.monotonic())
        return own if self._within is None else min(own, self._within.left())

    def bring_forward(self, seconds: float) -> None:
        """Make it come in so many seconds at the latest."""
        self._at = min(self._at, time.monotonic() + seconds)


@dataclass(frozen=True)
class Patience:
    """How long and how often one target is tried, in seconds; ``within`` is all tries and pauses of one alert together."""

    timeout: float
    retries: int
    within: float

    @classmethod
    def of(cls, timeout: int, retries: int, within: int) -> Patience:
        """From a file's values, which are in nanoseconds."""
        return cls(timeout / NS["s"], retries, within / NS["s"])


class Target(Protocol):
    """Where alerts go."""

    @property
    def action(self) -> str:
        """What the rows of ``actions`` call it: webhook or command."""

    @property
    def name(self) -> str:
        """Its name in the file."""

    @property
    def patience(self) -> Patience:
        """Its time limits."""

    def attempt(self, document: bytes, delivery: str, deadline: Deadline) -> Attempt:
        """Put one JSON document to it, once; ``delivery`` is the same in every try of one alert.

        Returns soon after the deadline whatever the target does, and raises nothing that could be expected.
        """
