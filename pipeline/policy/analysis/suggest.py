"""Least privilege from what runs really did: a policy that denies by default and allows what enough runs had in common.

Facts come in one by one, of runs that somebody else found fit to learn from. Out come a document, for each of its
rules how stable it is (the share of runs that needed it), and what was left out with the reason: too few runs did it, it
touches what is sensitive, or it has no name. Reads no clock and no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.policy.analysis.suggest_facts import USUAL, Fact, SeenRun, every_name, labels_for, names_of, selectors_of
from pipeline.policy.analysis.suggest_network import Peer, example_of, key_of
from pipeline.policy.analysis.suggest_paths import Sensitive, parts_of, text_of
from pipeline.policy.analysis.suggest_trees import Cover, Node, covers

REVIEW, REFUSED = "needs review", "refused"


@dataclass(frozen=True)
class Wishes:
    """What is closed, and which share of the runs must have needed a thing for it to be allowed."""

    governed: tuple[str, ...] = USUAL
    min_stability: float = 0.5


@dataclass(frozen=True)
class Learned:
    """Something to allow: of which selector, what, by which runs (all of them: ``of``), how often, and an example."""

    selector: str
    what: Cover | Peer
    of: int

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that needed it."""
        return tuple(sorted(self.what.runs))

    @property
    def stability(self) -> float:
        """The share of runs that needed it."""
        return len(self.what.runs) / self.of


@dataclass(frozen=True)
class Left:
    """Something that is not allowed: ``outcome`` is ``needs review`` or ``refused``, ``why`` says more."""

    outcome: str
    selector: str
    what: str
    runs: int
    events: int
    why: str


@dataclass
class _Refused:
    runs: set[str] = field(default_factory=set)
    events: int = 0


class Learner:
    """Takes in facts of some runs; says what to allow."""

    def __init__(self, runs: Sequence[SeenRun], wishes: Wishes) -> None:
        self._runs: Mapping[str, SeenRun] = {run.id: run for run in runs}
        self._governed = frozenset(wishes.governed)
        self._need = needed(len(runs), wishes.min_stability)
        self._files = {selector: Node() for selector in wishes.governed if selector != "network"}
        self._peers: dict[tuple[str, str, str], Peer] = {}
        self._refused: dict[tuple[str, str, str], _Refused] = {}
        self._nameless: dict[str, _Refused] = {}
        self._sensitive = {labels: Sensitive(labels) for labels in map(labels_for, wishes.governed)}

    def learn(self, facts: Iterable[Fact]) -> None:
        """Count some facts."""
        for fact in facts:
            for selector in selectors_of(fact, self._governed):
                if selector == "network":
                    self._reach(fact)
                elif not self._refuse(fact, selector):
                    self._touch(fact, selector)

    def learned(self) -> tuple[list[Learned], list[Left]]:
        """What to allow, and what was left out."""
        found: list[Learned] = []
        left = [_left(s, c, "too few runs did this") for s, c in self._cover(found)]
        for peer in sorted(self._peers.values(), key=lambda p: p.key):
            if len(peer.runs) >= self._need:
                found.append(Learned("network", peer, len(self._runs)))
            else:
                left.append(_left("network", peer, "too few runs did this"))
        left += [
            Left(REFUSED, selector, what, len(r.runs), r.events, f"it has the label {label}")
            for (selector, what, label), r in sorted(self._refused.items())
        ]
        left += [
            Left(REVIEW, selector, "(no name is known)", len(r.runs), r.events, "a rule could not name it")
            for selector, r in sorted(self._nameless.items())
        ]
        return found, left

    def _cover(self, found: list[Learned]) -> list[tuple[str, Cover]]:
        rest: list[tuple[str, Cover]] = []
        for selector, root in self._files.items():
            some, left = covers(root, selector, self._need)
            found += [Learned(selector, cover, len(self._runs)) for cover in some]
            rest += [(selector, cover) for cover in left]
        return rest

    def _reach(self, fact: Fact) -> None:
        key = key_of(fact)
        if key is None:
            _count(self._nameless.setdefault("network", _Refused()), fact)
            return
        peer = self._peers.setdefault(key, Peer(key))
        peer.runs.add(fact.run)
        peer.events += fact.events
        peer.example = peer.example or example_of(fact)

    def _refuse(self, fact: Fact, selector: str) -> bool:
        """Whether the fact touches something sensitive; then none of its names is learned from."""
        run, sensitive = self._runs[fact.run], self._sensitive[labels_for(selector)]
        for name in every_name(fact):
            label = sensitive.label(name, run)
            if label is not None:
                parts = parts_of(name, run)
                key = selector, text_of(parts) if parts else name, label
                _count(self._refused.setdefault(key, _Refused()), fact)
                return True
        return False

    def _touch(self, fact: Fact, selector: str) -> None:
        run = self._runs[fact.run]
        for name in names_of(fact):
            parts = parts_of(name, run) if name is not None else None
            if name is None or parts is None or len(text_of(parts)) > 4000:
                _count(self._nameless.setdefault(selector, _Refused()), fact)
            else:
                self._files[selector].add(parts, fact.run, fact.events, name)


def needed(runs: int, min_stability: float) -> int:
    """How many runs must have done a thing: the least number that is at least this share of them, and one at all."""
    return next((n for n in range(1, runs + 1) if n >= min_stability * runs - 1e-9), max(runs, 1))


def _count(into: _Refused, fact: Fact) -> None:
    into.runs.add(fact.run)
    into.events += fact.events


def _left(selector: str, what: Cover | Peer, why: str) -> Left:
    return Left(REVIEW, selector, what.text, len(what.runs), what.events, why)
