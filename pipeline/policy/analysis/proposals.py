"""Changes that give an event another verdict: looked for, tried, and measured by what else they change.

A change is proposed only after it was made: the changed policy has been compiled and asked again. Of those that work the one
comes first that changes the verdict of the fewest other events, then the one of the fewest edits, then the narrowest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.policy.analysis.candidates import Author, Candidate
from pipeline.policy.analysis.changes import Book, Edit, changed
from pipeline.policy.analysis.findings import shown
from pipeline.policy.analysis.permissiveness import is_open
from pipeline.policy.analysis.views import views
from pipeline.policy.combine import STOPPING, UNSTOPPABLE
from pipeline.policy.compile import compile_policies
from pipeline.policy.decide import Decider, Decision
from pipeline.policy.model import Policy, Scope, TestEvent
from pipeline.policy.source import PolicyError
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.policy.context import RunContext

MOST_STEPS = 3
"""Changes that one proposal is made of: as many defaults and rules may each stop an event."""

MOST_BRANCHES = 4
"""Changes of one step that are followed where they alone do not suffice."""

MOST_MEASURED = 24
"""Changes that help, in one step, and whose effect on other events is measured where they suffice."""

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


class Asked:
    """Policies compiled, whatever their scopes, and ready to be asked; raises ``PolicyError`` where they do not compile."""

    def __init__(self, policies: Sequence[Policy], context: RunContext) -> None:
        self.policies, self.context = list(policies), context
        self.program = compile_policies([replace(p, scope=Scope()) for p in policies], context, mode="audit")
        self._decider = Decider(self.program)

    def decide(self, event: TestEvent) -> Decision:
        """The verdict on an event."""
        return self._decider.decide(facts_of(event, self._decider, self.context))

    def passes(self, event: TestEvent) -> bool:
        """Whether nothing stops an event."""
        return is_open(self.decide(event), self.program)

    def gives(self, event: TestEvent, wanted: str) -> bool:
        """Whether an event gets a wanted verdict; one that is not to be stopped may also be audited."""
        decision = self.decide(event)
        opened = is_open(decision, self.program)
        if wanted in STOPPING:
            return decision.verdict == wanted and not opened
        return opened and wanted in ("allow", decision.verdict)


def proposals(
    asked: Asked, event: TestEvent, wanted: str, near: Sequence[TestEvent], most: int = MOST_MEASURED
) -> list[Proposal]:
    """Changes that give ``event`` a wanted verdict, the smallest first; their effect is measured on the events ``near`` it.

    ``most`` bounds how many changes that help are looked for in each step; the narrowest are found first.
    """
    if event.on in UNSTOPPABLE or asked.gives(event, wanted):
        return []
    before = [asked.passes(other) for other in near]
    found = [_proposal(path, after, event, near, before) for path, after in _working(asked, event, wanted, most)]
    distinct = {proposal.yaml: proposal for proposal in found}
    return sorted(distinct.values(), key=lambda p: (p.affects, len(p.edits)))[:MOST_PROPOSALS]


_Path = tuple[Candidate, ...]


def _working(asked: Asked, event: TestEvent, wanted: str, most: int) -> list[tuple[_Path, Asked]]:
    """Changes after which the event gets the verdict: single ones, or else the fewest together."""
    reached: list[tuple[_Path, Asked]] = [((), asked)]
    for _ in range(MOST_STEPS):
        working, helping = [], []
        for path, after in _tried(reached, event, wanted):
            if after.gives(event, wanted):
                working.append((path, after))
            elif after.decide(event) != asked.decide(event):
                helping.append((path, after))
            if len(working) + len(helping) == most:
                break
        if working:
            return working
        reached = helping[:MOST_BRANCHES]
    return []


def _tried(reached: Sequence[tuple[_Path, Asked]], event: TestEvent, wanted: str) -> Iterator[tuple[_Path, Asked]]:
    """Each change of one step more, made."""
    for path, before in reached:
        made = [edit for _, edits in path for edit in edits]
        for candidate in _candidates(before, event, wanted, made):
            after = _after(before, candidate)
            if after is not None:
                yield (*path, candidate), after


def _after(before: Asked, candidate: Candidate) -> Asked | None:
    policies = changed(before.policies, candidate[1])
    try:
        return None if policies is None else Asked(policies, before.context)
    except PolicyError:
        return None


def _candidates(asked: Asked, event: TestEvent, wanted: str, made: Sequence[Edit]) -> Iterator[Candidate]:
    """Changes that begin where the verdict comes from; a rule that was edited on the way there stays as it is now."""
    books = {policy.name: Book(policy, made) for policy in asked.policies}
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
    path: _Path, after: Asked, event: TestEvent, near: Sequence[TestEvent], before: Sequence[bool]
) -> Proposal:
    others = [other for other, passed in zip(near, before, strict=True) if after.passes(other) != passed]
    edits = tuple(edit for _, made in path for edit in made)
    text = ", and ".join(said for said, _ in path)
    yaml = tuple(edit.yaml() for edit in edits)
    examples = tuple(dict.fromkeys(_short(other) for other in others))[:5]
    return Proposal(text, edits, yaml, after.decide(event), len(others), len(near), examples)


def _short(event: TestEvent) -> str:
    return shown(event) + (f" by {event.exe}" if event.exe and event.on != "exec" else "")
