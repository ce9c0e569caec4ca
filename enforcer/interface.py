"""What the pipeline may ask of the machine, and what the machine must answer.

An ``Order`` says what the policy wants done to whom and why. An ``Enforcer`` carries it out
and answers with an ``Outcome`` that holds what was read back, never what was hoped for. Each
operating system has its own enforcer; the ladder knows only this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Enforcement = Literal["confirmed", "failed", "unverified"]
Then = Literal["release", "deny", "kill"]
"""What happens to a run that is held: it goes on, what was asked for is denied, or the whole run ends."""


LEASE_MARGIN_S = 30.0
"""How much later than the hold's own limit the lease on a frozen run ends: it is for a Lictor that hangs."""


class KeeperError(Exception):
    """The keeper is not there any more, or does not listen: start another; the text is one line."""


class GuardRefusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """An order that must not be carried out; the text is one line and says why."""


@dataclass(frozen=True)
class Order:
    """One thing to be done to one process, to its whole run, or to a file.

    ``object`` is the path or address that caused it; ``enforced_at`` is where the order is
    carried out (one of ``schema.ENFORCED_AT``); ``actor`` is "policy" or the person who asked. ``inode`` is
    (device, number) of the file, the device as the kernel has it (12 bits of major, 20 of minor), where it is known.
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
    inode: tuple[int, int] | None = None
    uid: int | None = None
    """The user that the process ran as."""


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

    def add(self, pid: int) -> None:
        """Move a process into it; raises ``ProcessLookupError`` when it is gone."""

    def kill(self) -> None:
        """End every process in it, also those that fork meanwhile; does not wait."""

    def wait_empty(self, timeout: float) -> bool:
        """True once the system reports that no process is left; false after ``timeout`` seconds."""

    def freeze(self, timeout: float) -> bool:
        """Stop all of it, also what is forked meanwhile; true once the system reports that it stands still."""

    def thaw(self, timeout: float) -> bool:
        """Let it run again; true once the system reports that it does."""


class Network(Protocol):
    """The network of one run, which can be cut and joined again."""

    def cut(self) -> Outcome:
        """Refuse new connections and end those that exist."""

    def join(self) -> Outcome:
        """Permit connections again; those that were cut stay cut."""


Survivors = Callable[[], Sequence[tuple[int, int]]]
"""Gives (pid, process_key) of each live process that is tagged with the run, wherever it has moved to."""


def _nobody() -> Sequence[tuple[int, int]]:
    return ()


def _unleased(_: float | None) -> None:
    return None


@dataclass(frozen=True)
class Limits:
    """How long a held run waits for a person, and what happens then."""

    seconds: float = 600.0
    ask: Then = "deny"
    freeze: Then = "kill"

    def then(self, action: str) -> Then:
        """What happens at the limit to a run that is held for this action."""
        return self.ask if action == "ask" else self.freeze


@dataclass(frozen=True)
class RunHandle:
    """How a run can be reached.

    ``enforce`` is false in audit mode: nothing is done then. ``group`` is ``None`` for a run
    that was found and not started by Lictor: ``gather`` then makes one and takes all of its processes in (it may
    raise ``OSError`` or the platform's error), and ``survivors`` must find all of them.
    """

    run: str
    enforce: bool = True
    group: ProcessGroup | None = None
    survivors: Survivors = field(default=_nobody)
    programs: Callable[[], Mapping[int, str]] = field(default=dict)
    """Name of the program's file of each process of the run that the sensor knows, by pid."""
    recording: frozenset[tuple[str, str]] = frozenset()
    """(policy, rule) of the rules that only record; nothing is done for them."""
    gather: Callable[[], ProcessGroup] | None = None
    signals: ProcessGroup | None = None
    """What stops and continues it process by process, where it has no group and none can be made."""
    network: Callable[[], Network] | None = None
    limits: Limits = Limits()
    lease: Callable[[float | None], None] = field(default=_unleased)
    """Told before a run is frozen for how many seconds at most, and ``None`` when it goes on: somebody outside of
    Lictor sees to it that no run is frozen for ever."""


class Enforcer(ABC):
    """Carries out orders on one operating system.

    Every method may raise ``GuardRefusal`` and does nothing then. None waits longer than the
    time it is given, since events queue up behind it. ``unverified`` always means: done, and its effect not seen yet.
    """

    @abstractmethod
    def kill_process(self, order: Order, timeout: float) -> Outcome:
        """End the process with the order's key, and wait up to ``timeout`` seconds to see it gone."""

    @abstractmethod
    def wait_gone(self, order: Order, timeout: float) -> Outcome | None:
        """The proof that the process with the order's key runs no more; ``None`` while it still does."""

    @abstractmethod
    def kill_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """End every process of the run, and wait up to ``timeout`` seconds to see all of them gone."""

    @abstractmethod
    def wait_run_gone(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:
        """The proof that no process of the run is left; ``None`` while one is."""

    @abstractmethod
    def freeze_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """Stop every process of the run where it stands, and wait up to ``timeout`` seconds to see it."""

    @abstractmethod
    def wait_run_frozen(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:
        """The proof that every process of the run stands still; ``None`` while one does not."""

    @abstractmethod
    def thaw_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """Let the run go on; proof is that the system reports it."""

    @abstractmethod
    def continue_process(self, order: Order) -> Outcome:
        """Let the process with the order's key go on that was stopped before its call returned."""

    @abstractmethod
    def cut_network(self, order: Order, handle: RunHandle) -> Outcome:
        """Take the network away from the run, and from nobody else."""

    @abstractmethod
    def join_network(self, order: Order, handle: RunHandle) -> Outcome:
        """Give the network back to the run."""

    @abstractmethod
    def begin_quarantine(self, order: Order, deed: str) -> None:
        """Begin to take the file ``order.object`` away, under the id of the intent's row; does not wait."""

    @abstractmethod
    def wait_quarantined(self, order: Order, deed: str, timeout: float) -> Outcome | None:
        """How that ended; ``None`` while it goes on."""
