"""Faults of a policy that is right in form: rules that do nothing, contradict each other, or open too much.

Every claim is proved or shown by an event that the decider has judged; where a pattern is too much for the proof,
nothing is said. The checks stand in files of their own; this one puts them together.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pipeline.policy.analysis import breadth, overlaps, redundant, remarks, shadows, silence, unreachable
from pipeline.policy.analysis.findings import KINDS, Finding, Subject, by_weight

if TYPE_CHECKING:
    from pipeline.policy.context import RunContext
    from pipeline.policy.model import Policy

__all__ = ["KINDS", "Finding", "lint"]


def lint(policy: Policy, context: RunContext) -> list[Finding]:
    """Findings about one policy by itself, the gravest first; raises ``PolicyError`` where it does not compile.

    Of a rule that can never match nothing else is said than that.
    """
    subject = Subject(policy, context)
    dead = list(unreachable.check(subject))
    gone = {finding.rule for finding in dead if finding.rule}
    hidden = shadows.Shadows(subject)
    others = chain(
        shadows.check(subject, hidden),
        overlaps.check(subject, hidden),
        redundant.check(subject, hidden),
        breadth.check(subject, hidden),
        silence.check(subject),
        remarks.check(subject),
    )
    return by_weight([*dead, *(finding for finding in others if finding.rule not in gone)])
