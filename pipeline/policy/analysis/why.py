"""Why an event gets its verdict, and the smallest changes that would give it another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy.analysis.neighbours import neighbours
from pipeline.policy.analysis.permissiveness import is_open
from pipeline.policy.analysis.proposals import Asked, Proposal, proposals
from pipeline.policy.analysis.samples import filled
from pipeline.policy.analysis.views import RuleView, View, views
from pipeline.policy.decide import Decider, Decision
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.compile import Program
    from pipeline.policy.context import RunContext
    from pipeline.policy.model import Policy, TestEvent

__all__ = ["Explanation", "Proposal", "RuleView", "View", "why"]


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
    asked = Asked(policies, context)
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
        tuple(proposals(asked, event, aim, neighbours(event, context))),
    )


def _sequences(program: Program, event: TestEvent, context: RunContext) -> tuple[str, ...]:
    decider = Decider(program, [sequence.steps[-1].rule for sequence in program.sequences])
    facts = facts_of(event, decider, context)
    return tuple(s.rule.id for s in program.sequences if decider.matches(s.steps[-1].rule, facts))
