"""What a place of enforcement must tell: which rules it takes, at what cost, and why not the others.

The kernel sensor is one such place and user space the last one; LSM programs, fanotify, Landlock and egress
by name join by implementing ``Target``. Each is asked in turn for what the ones before it left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pipeline.policy.compile import Program


@dataclass(frozen=True)
class Told:
    """A source that tells user space what has happened, and of which operations; it stops nobody itself."""

    name: str
    operations: frozenset[str]
    acts: str
    """How verdicts on its rows are carried out, and what that leaves undone."""


@dataclass(frozen=True)
class Host:
    """What a machine offers, as far as enforcement depends on it; found out at the rim.

    ``told`` is the source in the place of the sensor, where that is not used.
    """

    sensor: bool = True
    network_hooks: bool = True
    told: Told | None = None


@dataclass(frozen=True)
class Wanted:
    """A rule or default that stops something, and the operations that nobody has taken yet.

    ``rule`` is the id, or ``default:SELECTOR``.
    """

    rule: str
    policy: str
    action: str
    operations: frozenset[str]


@dataclass(frozen=True)
class Share:
    """What a target takes of a rule: ``where`` says how it is carried out, ``cost`` what that takes."""

    operations: frozenset[str]
    where: str
    cost: str


@dataclass(frozen=True)
class Answer:
    """The shares of a target in a rule, and the reasons for what it does not take (operations, text)."""

    shares: tuple[Share, ...] = ()
    reasons: tuple[tuple[frozenset[str], str], ...] = ()


class Target(Protocol):
    """One place of enforcement."""

    name: str

    def answers(self, program: Program, wanted: list[Wanted]) -> list[Answer]:
        """One answer for each rule, in order; must not take more operations than are wanted."""
