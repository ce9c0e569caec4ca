"""Why an event gets its verdict, and the smallest changes that would give it another one.

A change is proposed only after it was made: the changed policy has been compiled and asked again. Of those that work the one
comes first that changes the verdict of the fewest other events (``neighbours``), then the one of the fewest edits,
then the narrowest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.policy.analysis.candidates import Author, Candidate
from pipeline.policy.analysis.changes import Book, Edit, changed
from pipeline.policy.analysis.findings import shown
from pipeline.policy.analysis.neighbours import neighbours
from pipeline.policy.analysis.permissiveness import is_open
from pipeline.policy.analysis.samples import filled
from pipeline.policy.analysis.views import RuleView, View, views
from pipeline.policy.combine import STOPPING, UNSTOPPABLE
from pipeline.policy.compile import Program, compile_policies
from pipeline.policy.decide import Decider, Decision
from pipeline.policy.model import Policy, Scope, TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.policy.context import RunContext

__all__ = ["Explanation", "Proposal", "RuleView", "View", "why"]

MOST_STEPS = 3
"""Changes that one proposal is made of: as many defaults and rules may each stop an event."""

MOST_BRANCHES = 4
"""Changes of one step that are followed where they alone do not suffice."""

MOST_MEASURED = 24
"""Working changes whose effect on other events is measured; the narrowest come first."""

MOST_PROPOSALS = 10


@dataclass(frozen=True)
class Proposal:
    """A change that works. ``affects`` counts the events nearby whose verdict it also changes, ``examples`` shows some.

    ``yaml`` has one text for each edit, to be put into the policy's own file.
    """

    text: str
    edits: tuple[Edit, ...]
    yaml: tuple[str, ...]
    decision: Decision
    affects: int
    of: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """The verdict on an event, how each policy came to its part of it, and what would change it.

    ``stops`` tells whether the verdict stops the event. ``sequences`` are rules with a memory of which the event may be the
    last step: what they say depends on what went before.
    """

    event: TestEvent
    decision: Decision
    stops: bool
    views: tuple[View, ...]
    sequences: tuple[str, ...]
    wanted: str
    proposals: tuple[Proposal, ...]


def why(policies: Sequence[Policy], event: TestEvent, context: RunContext, *, wanted: str | None = None) -> Explanation:
    """Explain one event under some policies, whatever their scopes.

    ``wanted`` is the verdict to look changes for; without it, allow for what is stopped and deny for what passes.
    Raises ``PolicyError`` where the policies do not compile and ``GlobError`` for a variable of the event without a value.
    """
    asked = _Asked(policies, context)
    event = filled(event, context)
    decision = asked.decide(event)
    stops = not is_open(decision, asked.program)
    aim = wanted or ("allow" if stops else "deny")
    return Explanation(
        event,
        decision,
        stops,
        views(asked.program, event, context),
        _sequences(asked.program, event, context),
        aim,
        tuple(_proposals(asked, event, aim)),
    )


class _Asked:
    """Policies compiled, and ready to be asked."""

    def __init__(self, policies: Sequence[Policy], context: RunContext) -> None:
        self.policies, self.context = list(policies), context
        self.program = compile_policies([replace(p, scope=Scope()) for p in policies], context, mode="audit")
        self._decider = Decider(self.program)

    def decide(self, event: TestEvent) -> Decision:
        return self._decider.decide(facts_of(event, self._decider, self.context))

    def passes(self, event: TestEvent) -> bool:
        return is_open(self.decide(event), self.program)

    def gives(self, event: TestEvent, wanted: str) -> bool:
        """Whether an event gets a wanted verdict; one that is not to be stopped may also be audited."""
        decision = self.decide(event)
        opened = is_open(decision, self.program)
        if wanted in STOPPING:
            return decision.verdict == wanted and not opened
        return opened and wanted in ("allow", decision.verdict)


def _sequences(program: Program, event: TestEvent, context: RunContext) -> tuple[str, ...]:
    decider = Decider(program, [sequence.steps[-1].rule for sequence in program.sequences])
    facts = facts_of(event, decider, context)
    return tuple(s.rule.id for s in program.sequences if decider.matches(s.steps[-1].rule, facts))


def _proposals(asked: _Asked, event: TestEvent, wanted: str) -> list[Proposal]:
    if event.on in UNSTOPPABLE or asked.gives(event, wanted):
        return []
    near = neighbours(event, asked.context)
    before = [asked.passes(other) for other in near]
    found = [_proposal(path, after, event, near, before) for path, after in _working(asked, event, wanted)]
    distinct = {proposal.yaml: proposal for proposal in found}
    return sorted(distinct.values(), key=lambda p: (p.affects, len(p.edits)))[:MOST_PROPOSALS]


_Path = tuple[Candidate, ...]


def _working(asked: _Asked, event: TestEvent, wanted: str) -> list[tuple[_Path, _Asked]]:
    """Changes after which the event gets the verdict: single ones, or else the fewest together."""
    reached: list[tuple[_Path, _Asked]] = [((), asked)]
    for _ in range(MOST_STEPS):
        tried = [
            ((*path, candidate), after)
            for path, before in reached
            for candidate in _candidates(before, event, wanted)
            if (after := _after(before, candidate)) is not None
        ]
        working = [(path, after) for path, after in tried if after.gives(event, wanted)]
        if working:
            return working[:MOST_MEASURED]
        reached = [pair for pair in tried if pair[1].decide(event) != asked.decide(event)][:MOST_BRANCHES]
    return []


def _after(before: _Asked, candidate: Candidate) -> _Asked | None:
    policies = changed(before.policies, candidate[1])
    try:
        return None if policies is None else _Asked(policies, before.context)
    except PolicyError:
        return None


def _candidates(asked: _Asked, event: TestEvent, wanted: str) -> Iterator[Candidate]:
    """Changes that begin where the verdict comes from."""
    books = {policy.name: Book(policy) for policy in asked.policies}
    decision = asked.decide(event)
    for view in views(asked.program, event, asked.context):
        author = Author(books[view.policy], event, asked.context)
        if wanted in STOPPING and is_open(decision, asked.program):
            yield from author.closing(view, wanted)
        elif (view.decision.policy, view.decision.rule) == (decision.policy, decision.rule):
            yield from author.opening(view)
            if wanted in STOPPING:
                yield from author.closing(view, wanted)


def _proposal(
    path: _Path, after: _Asked, event: TestEvent, near: Sequence[TestEvent], before: Sequence[bool]
) -> Proposal:
    others = [other for other, passed in zip(near, before, strict=True) if after.passes(other) != passed]
    edits = tuple(edit for _, made in path for edit in made)
    text = ", and ".join(said for said, _ in path)
    yaml = tuple(edit.yaml() for edit in edits)
    examples = tuple(dict.fromkeys(_short(other) for other in others))[:5]
    return Proposal(text, edits, yaml, after.decide(event), len(others), len(near), examples)


def _short(event: TestEvent) -> str:
    return shown(event) + (f" by {event.exe}" if event.exe and event.on != "exec" else "")
