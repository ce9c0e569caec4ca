"""A policy over the lake's history: what it would have stopped, whom that would have broken, what it would have let pass.

Rows are not judged again one by one. The lake is asked for the distinct facts of each run with their counts, those are
judged, and the counts added up; events come one by one only where a rule with a memory needs their order. What
comes out is exactly what judging every row would give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from lictor.errors import LictorError
from lictor.history.asked import Said
from lictor.history.asking import Window
from lictor.history.judging import Judged, Judging
from lictor.history.runs import Run, Selection, read_runs
from pipeline.policy.combine import STOPPING

if TYPE_CHECKING:
    from lictor.history.sums import Sum, Worth
    from pipeline.lake.reader import Lake
    from pipeline.policy.model import Policy

TIMEOUT_S = 300.0
"""Seconds that one query may take."""


@dataclass(frozen=True)
class Asking:
    """What to look at: which runs, from when to when, which environment, how long a query may take."""

    selection: Selection = field(default_factory=Selection)
    window: Window = field(default_factory=Window)
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float = TIMEOUT_S


@dataclass(frozen=True)
class Backtest:
    """What came of it.

    ``runs`` are those that were judged. ``sums`` are by run, verdict of then and verdict (``said[0]``; of a comparison: the
    old one, and ``said[1]`` the new one). ``unknown`` are runs that could not be judged, ``out_of_scope``
    policies that do not apply to a run, ``in_order`` the runs that were read event by event.
    """

    runs: Mapping[str, Run]
    sums: tuple[Sum, ...]
    unknown: Mapping[str, str]
    out_of_scope: Mapping[str, tuple[str, ...]]
    in_order: tuple[str, ...]
    forgotten: int

    @property
    def events(self) -> int:
        """Events that were judged."""
        return sum(run.events for run in self.runs.values())

    @property
    def broken(self) -> int:
        """Events that went through then and would be stopped."""
        return sum(broken(s) for s in self.sums)

    @property
    def newly_allowed(self) -> int:
        """Events that were stopped then and would go through."""
        return sum(newly_allowed(s) for s in self.sums)


def backtest(lake: Lake, policies: Sequence[Policy], asking: Asking | None = None) -> Backtest:
    """Judge history by some policies; raises ``PolicyError``, ``LictorError`` or ``LakeError``."""
    return _judged(lake, [policies], asking or Asking(), _worth_telling)


def effect_of(old: Sequence[Policy], new: Sequence[Policy], lake: Lake, asking: Asking | None = None) -> Backtest:
    """Events of history on which two sets of policies differ: another verdict, or another way to carry it out."""
    return _judged(lake, [old, new], asking or Asking(), _differs)


def broken(found: Sum) -> int:
    """Events of a backtest's sum that went through then and would be stopped."""
    return found.went if found.said[-1].stops else 0


def newly_allowed(found: Sum) -> int:
    """Events of a backtest's sum that were stopped then, by a policy, and would go through."""
    return 0 if found.said[-1].stops or found.was not in STOPPING else found.stopped


def _judged(lake: Lake, sides: Sequence[Sequence[Policy]], asking: Asking, worth: Worth) -> Backtest:
    query = partial(lake.query, timeout=asking.timeout)
    runs = read_runs(query, asking.selection, asking.window, asking.env)
    if not runs.known and not runs.unknown:
        raise LictorError("no run has events there; lictor runs lists what the lake holds, --since looks further back")
    found: Judged = Judging(query, sides, asking.window, worth).run(runs.known)
    return Backtest(runs.known, tuple(found.sums), runs.unknown, found.out_of_scope, found.in_order, found.forgotten)


def _worth_telling(was: str | None, said: tuple[Said, ...]) -> bool:
    return was in STOPPING or said[0].verdict not in (None, "allow")


def _differs(_was: str | None, said: tuple[Said, ...]) -> bool:
    old, new = said
    return (old.verdict or "allow", old.stops) != (new.verdict or "allow", new.stops)
