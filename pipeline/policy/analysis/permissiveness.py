"""How much a policy leaves open, from 0 to 100, and what.

The score is asked, not reckoned from the text: the decider gives its verdict on each probe, and what it does not stop is
open. So a deny more can only lower it. What it says is what the verdicts leave open: a policy in mode audit
scores as if it were in force, and a rule that only records closes nothing. Sequences close nothing either:
each of their events by itself may happen. Nor does a question that is answered with *release* where nobody decides in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.probes import VERBS, WEIGHTS, Probe, probes
from pipeline.policy.combine import ASKING, STOPPING
from pipeline.policy.testing import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.compile import Program
    from pipeline.policy.context import RunContext
    from pipeline.policy.decide import Decider, Decision
    from pipeline.policy.model import Policy


@dataclass(frozen=True)
class Reason:
    """Probes of one kind that one rule or default leaves open; ``rule`` is ``None`` where nothing speaks of them.

    ``points`` is their part of the score; ``open`` names them all, ``total`` counts the probes of the kind.
    """

    kind: str
    points: float
    rule: str | None
    policy: str | None
    open: tuple[str, ...]
    total: int
    text: str


@dataclass(frozen=True)
class Score:
    """``points`` from 0 (every probe is stopped) to 100 (none is); the reasons are the open ones, heaviest first."""

    points: float
    reasons: tuple[Reason, ...]


def permissiveness(policy: Policy, context: RunContext) -> Score:
    """The score of one policy by itself, whatever its scope and mode."""
    subject = Subject(policy, context)
    return score(subject.program, subject.decider, context)


def score(program: Program, decider: Decider, context: RunContext) -> Score:
    """The score of a compiled program, as its decider has it."""
    asked = probes(context)
    groups: dict[tuple[str, Decision, bool], list[Probe]] = {}
    for probe in asked:
        decision = decider.decide(facts_of(probe.event, decider, context))
        released = _is_released(decision, program)
        if released or is_open(decision, program):
            groups.setdefault((probe.kind, decision, released), []).append(probe)
    total = sum(probe.weight for probe in asked)
    found = [_reason(*key, members, asked, total) for key, members in groups.items()]
    points = 100 * sum(p.weight for members in groups.values() for p in members) / total
    return Score(round(points, 1), tuple(sorted(found, key=lambda r: (-r.points, list(WEIGHTS).index(r.kind)))))


def is_open(decision: Decision, program: Program) -> bool:
    """Whether a verdict stops nothing: it lets pass, or comes from a rule that only records."""
    recorded = (str(decision.policy), str(decision.rule)) in program.recording
    return decision.verdict not in STOPPING or recorded


def _is_released(decision: Decision, program: Program) -> bool:
    """Whether an event is stopped, and passes where nobody decides in time."""
    holds = decision.verdict in ASKING and not is_open(decision, program)
    return holds and getattr(program.holds, str(decision.verdict)) == "release"


def _reason(
    kind: str, decision: Decision, released: bool, members: Sequence[Probe], asked: Sequence[Probe], total: float
) -> Reason:
    rule = decision.rule
    names = tuple(probe.name for probe in members)
    of_kind = sum(probe.kind == kind for probe in asked)
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    by = f"'{rule}' lets it pass" if rule else "no rule and no default speaks of it"
    if released:
        by = f"'{rule}' says {decision.verdict}, and who is not answered in time is released"
    text = f"{kind}: {len(names)} of {of_kind} {VERBS[kind]} ({shown}): {by}"
    points = round(100 * sum(probe.weight for probe in members) / total, 1)
    return Reason(kind, points, rule, None if rule is None else decision.policy, names, of_kind, text)
