"""What every source of events offers: open → batches → health → close; and what one that follows live runs offers more.

A collector turns what a machine did into sparse record batches of the activity schema.
It owns its clocks, rings and files; nobody else knows how it gets its rows.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa


class CollectorError(Exception):
    """A source cannot be used here; the text is one line and names the next step."""


class Collector(ABC):
    """One source of activity.

    The life is ``open`` once, ``batches`` once, ``health`` as often as wanted (also while
    batches are drawn, from the same thread), ``close`` once, also after an error.
    """

    name: str
    """Value of ``activity.source`` and ``coverage.source``."""

    @abstractmethod
    def open(self) -> None:
        """Attach to the source; raises ``CollectorError`` and leaves nothing attached."""

    @abstractmethod
    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """Yield sparse ``activity`` batches, each in order of ``time_ns``.

        Strings are dictionary-encoded. A batch of zero rows is yielded at least every
        100 ms when nothing happens, so that the caller's timers run. Once ``done()`` is
        true, what is already buffered is yielded and the iterator ends.
        """

    @abstractmethod
    def health(self) -> pa.RecordBatch:
        """``coverage`` rows for the interval since the last call, also when nothing was lost."""

    @abstractmethod
    def close(self) -> None:
        """Detach; safe to call twice."""


def anything(_path: str) -> bool:
    """Every path is of concern."""
    return True


@dataclass(frozen=True)
class Run:
    """What rows of a run say of it."""

    id: str
    agent: str | None


@dataclass(frozen=True)
class Candidate:
    """A program of a process that belongs to no run: it may be an agent that has just started."""

    pid: int
    process_key: int
    exe: str
    argv: list[str]


@dataclass
class Origin:
    """Where rows come from: ``activity.host`` and ``activity.boot_id``."""

    host: str
    boot_id: str


class KernelTables(Protocol):
    """The tables of a source that decides in the kernel; policies are written into them."""

    @property
    def seed(self) -> int:
        """Key of the path hashes."""
        ...

    def map(self, name: str) -> Any:
        """A table by name."""
        ...


class LiveCollector(Collector):
    """A source that follows runs while they go on: whoever starts one registers it and tags its first process.

    What only a kernel can do has an answer here for sources that cannot: there are no ``kernel`` tables, no
    network is ever cut, nobody is stopped within a call.
    """

    context: Origin
    notes: Sequence[str]
    """What this machine does not permit, one line each, for the person; complete once it is open."""
    began_ns: int
    """When the drain of the batch at hand began (monotonic clock)."""

    @abstractmethod
    def add_run(self, run: Run) -> int:
        """Register a run; its number, from 1."""

    @abstractmethod
    def tag(self, pid: int, number: int, *, scope: int = 0, exe_bits: int = 0, running: bool = False) -> None:
        """Make process ``pid`` and all it will create part of a run; raises ``CollectorError`` when it is gone.

        ``scope`` and ``exe_bits`` are the kernel tables' and mean nothing without them. ``running`` says that the
        process was found and not started for the run.
        """

    @abstractmethod
    def tagged(self, pid: int) -> int:
        """Number of the run that a process belongs to; 0 for none, also when it is gone."""

    @abstractmethod
    def members(self, number: int) -> list[tuple[int, int]]:
        """(pid, process key) of each live process of a run."""

    @abstractmethod
    def programs(self, number: int) -> dict[int, str]:
        """Name of the program of each live process of a run, by pid."""

    @abstractmethod
    def received(self) -> dict[str, int]:
        """Events of runs that came since it was opened, by class."""

    @property
    def kernel(self) -> KernelTables | None:
        """Where policies are put in force; ``None`` for a source that only tells."""
        return None

    def heed(self, number: int, places: Sequence[Path], concerns: Callable[[str], bool] = anything) -> None:
        """Files and folders that a run is about: its workspace, and what its policy protects; told again when they change.

        In the workspace, which comes first, everything counts; elsewhere what ``concerns`` says yes to, from any thread.
        A source that sees every open of a run needs none of it.
        """

    def end_run(self, number: int) -> None:
        """The run is over: what was kept for it may go."""

    def name_rules(self, names: Callable[[int, int], str | None]) -> None:
        """How a rule is called, by the number of its scope and its bit in the kernel tables."""

    def isolate(self, number: int) -> None:
        """Refuse every new connection of a run."""
        raise CollectorError(f"the source {self.name} cannot cut the network of run {number}: it only tells")

    def join(self, number: int) -> None:
        """Leave a run to its policy again; nothing happens to one that is not isolated."""

    def isolated(self, number: int) -> bool:  # noqa: ARG002 - the interface has it
        """Whether a run is isolated."""
        return False

    def let_go(self, process_key: int) -> None:
        """Let a process that the source stopped go on."""

    def fills(self) -> dict[str, float]:
        """How full each buffer was at most since the last call, as a share of it."""
        return {}


@dataclass(frozen=True)
class Wanted:
    """What a source is built for. ``cgroup`` is the cgroup v2 mount, for those that act there.

    With ``on_candidates`` the source also tells of programs that belong to no run. ``own`` are folders that Lictor
    itself writes to: a source that watches places and not processes would see its own rows being written.
    ``run_variable`` names the environment variable in which a run's command has the run's id. ``report`` takes one
    line for the person, about what turns out only later.
    """

    cgroup: Path | None = None
    on_candidates: Callable[[Sequence[Candidate]], None] | None = None
    own: tuple[Path, ...] = ()
    run_variable: str | None = None
    report: Callable[[str], None] = print


@dataclass(frozen=True)
class Source:
    """One way to see what agents do: what it is worth, and how it is had. It imports what it needs when it is asked."""

    name: str
    """Value of ``--source`` and of the columns ``source``."""
    title: str
    needs: str
    """What a machine must have, in words."""
    operations: frozenset[str]
    """Names of ``schema.OPERATIONS`` that it can make rows of."""
    sees: str
    misses: str
    costs: str
    acts: str
    """Where its verdicts are carried out, and what that leaves undone."""
    usable: Callable[[], str | None]
    """Why it cannot be used here, in one line; ``None`` where it can. Tried and not guessed; leaves nothing behind."""
    build: Callable[[Wanted], LiveCollector]
    """A collector that is not open yet."""
    counts: bool = True
    """Whether it knows how much it lost; one that only looks now and then cannot."""
    inline: bool = False
    """Whether policies are decided in the kernel, before a call returns."""
    platform: str = ""
    """``sys.platform`` of the only system that can ever have it; empty for one that any may have."""

    def belongs_here(self) -> bool:
        """Whether this kind of system can have it at all, so that its absence is worth a word."""
        return self.platform in ("", sys.platform)
