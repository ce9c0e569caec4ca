"""What the pipeline may ask of the machine, and what the machine must answer.

An ``Order`` says what the policy wants done to whom and why. An ``Enforcer`` carries it out
and answers with an ``Outcome`` that holds what was read back, never what was hoped for. Each
operating system has its own enforcer; the ladder knows only this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Enforcement = Literal["confirmed", "failed", "unverified"]


class GuardRefusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """An order that must not be carried out; the text is one line and says why."""


@dataclass(frozen=True)
class Order:
    """One thing to be done to one process, or to its whole run.

    ``object`` is the path or address that caused it; ``enforced_at`` is where the order is
    carried out (one of ``schema.ENFORCED_AT``); ``actor`` is "policy" or the person who asked.
    """

    action: str
    run: str
    process_key: int
    pid: int
    object: str | None = None
    rule: str | None = None
    policy: str | None = None
    enforced_at: str = "userspace"
    actor: str = "policy"


@dataclass(frozen=True)
class Outcome:
    """What was seen after an action: ``evidence`` is one line that tells a person what was read back."""

    enforcement: Enforcement
    evidence: str

    @property
    def confirmed(self) -> bool:
        """Whether the action was seen to have taken effect."""
        return self.enforcement == "confirmed"


class ProcessGroup(Protocol):
    """The kernel's own handle on all processes of a run: a cgroup, a job object."""

    def pids(self) -> list[int]:
        """Every process in it now."""

    def kill(self) -> None:
        """End every process in it, also those that fork meanwhile; does not wait."""

    def wait_empty(self, timeout: float) -> bool:
        """True once the system reports that no process is left; false after ``timeout`` seconds."""


Survivors = Callable[[], Sequence[tuple[int, int]]]
"""Gives (pid, process_key) of each live process that is tagged with the run, wherever it has moved to."""


def _nobody() -> Sequence[tuple[int, int]]:
    return ()


@dataclass(frozen=True)
class RunHandle:
    """How a run can be reached.

    ``enforce`` is false in audit mode: nothing is done then. ``group`` is ``None`` for a run
    that was found and not started by Lictor; ``survivors`` must find all of its processes then.
    """

    run: str
    enforce: bool = True
    group: ProcessGroup | None = None
    survivors: Survivors = field(default=_nobody)
    recording: frozenset[tuple[str, str]] = frozenset()
    """(policy, rule) of the rules that only record; nothing is done for them."""


class Enforcer(ABC):
    """Carries out orders on one operating system.

    Every method may raise ``GuardRefusal`` and does nothing then. None waits longer than the
    time it is given, since events queue up behind it.
    """

    @abstractmethod
    def kill_process(self, order: Order, timeout: float) -> Outcome:
        """End the process with the order's key, and wait up to ``timeout`` seconds to see it gone.

        ``unverified`` when it was signalled and has not gone yet; the evidence says what was done.
        """

    @abstractmethod
    def kill_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """End every process of the run, and wait up to ``timeout`` seconds to see all of them gone.

        ``unverified`` when some have not gone yet; the evidence says what was done.
        """

    @abstractmethod
    def wait_gone(self, order: Order, timeout: float) -> Outcome | None:
        """The proof that the process with the order's key runs no more; ``None`` while it still does."""

    @abstractmethod
    def wait_run_gone(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:
        """The proof that no process of the run is left; ``None`` while one is."""
