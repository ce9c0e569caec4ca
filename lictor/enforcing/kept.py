"""The keeper in charge, on either system: one that died is replaced, and the new one is told of all that the old one knew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Literal, Protocol, TypeVar

from enforcer.holds import Hold
from enforcer.interface import LEASE_MARGIN_S, KeeperError
from lictor.enforcing.machine import Parts, then
from lictor.live import LiveRun


class Keeper(Protocol):
    """What is the same of both systems' keepers. Each call raises ``KeeperError`` where it has died or does not listen."""

    def look(self) -> None:
        """Whether it is still there."""
        ...

    def lease(self, run: str, seconds: float, then: Literal["release", "kill"]) -> None:
        """``then`` happens to the run unless Lictor comes back to it within so many seconds."""
        ...

    def close(self) -> None:
        """Say goodbye."""
        ...


K = TypeVar("K", bound=Keeper)


class Kept(Generic[K]):
    """One keeper after the other; none before ``open`` and where none can be started, which is an alarm and stops nothing else."""

    def __init__(self, parts: Parts, start: Callable[[], K], add: Callable[[K, LiveRun], None]) -> None:
        """``start`` gives a new one; ``add`` tells it of a run, if that is one that it must know. Both raise ``KeeperError``."""
        self._parts, self._start, self._add = parts, start, add
        self._keeper: K | None = None

    @property
    def current(self) -> K | None:
        """The one in charge."""
        return self._keeper

    def open(self) -> None:
        """Start the first; raises ``KeeperError``."""
        self._keeper = self._start()

    def close(self) -> None:
        """Say goodbye to it."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def look(self) -> None:
        """One that was ended is replaced before somebody ends Lictor too."""
        self.tell(lambda keeper: keeper.look())

    def tell(self, what: Callable[[K], None]) -> None:
        """Tell it something; one that has died is replaced first. Without any, nothing."""
        if self._keeper is None:
            return
        try:
            what(self._keeper)
        except KeeperError as error:
            self._alarm("keeper-lost", f"the keeper ended ({error}); another was started", "high")
            self._keeper = self._replacement()
            if self._keeper is not None:
                what(self._keeper)

    def _replacement(self) -> K | None:
        try:
            keeper = self._start()
            for live in self._parts.runs.values():
                self._add(keeper, live)
            self._leases(keeper, self._parts.holds())
        except KeeperError as error:
            self._alarm(
                "no-keeper", f"no keeper can be had ({error}): held runs stay held should Lictor die", "critical"
            )
            return None
        return keeper

    def _leases(self, keeper: K, holds: Iterable[Hold]) -> None:
        for hold in holds:
            keeper.lease(hold.run, hold.seconds + LEASE_MARGIN_S, then(self._parts.runs[hold.run]))

    def _alarm(self, name: str, title: str, severity: Literal["high", "critical"]) -> None:
        self._parts.alarms.raise_(name, title, severity)
        self._parts.report(title)
