"""What the wiring of the ladder asks of a machine: orders carried out, runs reached as a whole, and who sees to them should Lictor die.

One file per system: ``on_linux`` with cgroups, ``on_windows`` with job objects, each with a keeper beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from enforcer.interface import Enforcer, Network, ProcessGroup

if TYPE_CHECKING:
    from collectors.interface import LiveCollector
    from enforcer.holds import Hold
    from lictor.enforcing.alarms import Alarms
    from lictor.live import LiveRun


@dataclass(frozen=True)
class Parts:
    """What a machine stands on; ``files`` are never taken away, ``keep`` makes rows of ``actions`` durable."""

    collector: LiveCollector
    runs: Mapping[str, LiveRun]
    lake: Path
    files: Sequence[Path]
    survivors: Callable[[int], Sequence[tuple[int, int]]]
    holds: Callable[[], Iterable[Hold]]
    alarms: Alarms
    report: Callable[[str], None]
    keep: Callable[[pa.Table], None]


@dataclass(frozen=True)
class Reach:
    """The ways to a run as a whole, as ``RunHandle`` has them."""

    gather: Callable[[], ProcessGroup]
    signals: ProcessGroup | None = None
    network: Callable[[], Network] | None = None


class Machine(ABC):
    """One operating system; the life is that of the service."""

    enforcer: Enforcer
    """Carries orders out."""

    @abstractmethod
    def dry(self) -> Enforcer:
        """One that only says what it would do."""

    @abstractmethod
    def open(self, log: Path) -> None:
        """Settle what a crash left, and begin to look after runs; before there are threads. ``log`` is the keeper's."""

    @abstractmethod
    def close(self) -> None:
        """End what goes on in the background."""

    @abstractmethod
    def tick(self) -> None:
        """Now and then: see that the keeper is there."""

    @abstractmethod
    def begin(self, live: LiveRun) -> None:
        """A run that is enforced has begun; nothing was done to it yet."""

    @abstractmethod
    def prepare(self, live: LiveRun) -> None:
        """Take a run that was found into a group, since it may be held or must end with Lictor."""

    @abstractmethod
    def end(self, live: LiveRun) -> None:
        """A run has ended: give up what was kept for it."""

    @abstractmethod
    def reach(self, live: LiveRun) -> Reach:
        """How a run can be reached as a whole."""

    @abstractmethod
    def lease(self, live: LiveRun, seconds: float | None) -> None:
        """A run is about to be frozen for so many seconds at most; ``None``: it goes on."""


def then(live: LiveRun) -> Literal["kill", "release"]:
    """What becomes of a run that was left frozen."""
    return "kill" if live.fail == "closed" else "release"
