"""What ``policy explain``, ``lint`` and ``diff`` tell, as rows and as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from lictor.policies import NOT_STOPPING
from pipeline.policy.analysis.compare import compare
from pipeline.policy.analysis.findings import shown
from pipeline.policy.analysis.lint import lint
from pipeline.policy.analysis.permissiveness import Score, permissiveness
from pipeline.policy.analysis.why import Explanation, why
from pipeline.policy.compile import Program, RunContext, compile_policies
from pipeline.policy.explain import Enforcement, explain_enforcement
from pipeline.policy.model import Policy, Scope, TestEvent

if TYPE_CHECKING:
    from pipeline.policy.targets.interface import Host


@dataclass(frozen=True)
class Linted:
    """What is to be said of one policy."""

    policy: Policy
    table: pa.Table
    score: Score


def where_enforced(policies: Sequence[Policy], context: RunContext, host: Host) -> pa.Table:
    """Rows ``policy, rule, on, action, enforced, reason, cost`` of policies in force together on a host."""
    program = compile_policies([replace(p, scope=Scope()) for p in policies], context)
    ways: dict[tuple[str, str], list[Enforcement]] = {}
    for way in explain_enforcement(program, host):
        ways.setdefault((way.policy, way.rule), []).append(way)
    rows = [row for rule in _rules(program) for row in _way_rows(*rule, ways.get(rule[:2]))]
    return _table(("policy", "rule", "on", "action", "enforced", "reason", "cost"), rows)


def _rules(program: Program) -> Iterator[tuple[str, str, str, str]]:
    for rule in program.all_rules:
        yield rule.policy, rule.id, ", ".join(sorted(rule.on)), rule.action
    for layer in program.layers:
        for selector, action in layer.defaults.items():
            yield layer.policy, f"default:{selector}", selector, action


def _way_rows(policy: str, rule: str, on: str, action: str, ways: list[Enforcement] | None) -> list[tuple[str, ...]]:
    if not ways:
        return [(policy, rule, on, action, NOT_STOPPING, "", "")]
    return [(policy, rule, ", ".join(w.operations), action, w.where, w.reason, w.cost) for w in ways]


def explained(policies: Sequence[Policy], event: TestEvent, context: RunContext, wanted: str | None) -> Explanation:
    """Why an event gets its verdict; raises ``PolicyError`` or ``GlobError``."""
    return why(policies, event, context, wanted=wanted)


def explanation_lines(found: Explanation) -> Iterator[str]:
    """An explanation for a person."""
    by = found.decision.rule or "no rule and no default"
    yield f"{shown(found.event)}: {found.decision.verdict} by {by}"
    for view in found.views:
        name = f", {view.name}" if view.name else ""
        yield f"  {view.policy}, as {' or '.join(view.selectors)}{name}: {view.decision.verdict} by {view.decision.rule or 'nothing'}"
        for rule in view.rules:
            if rule.outcome != "key":
                yield f"    {rule.place}: {rule.text}"
        near = [rule for rule in view.rules if rule.outcome == "key"]
        if near:
            yield f"    {len(near)} other rules on this operation do not match"
    for sequence in found.sequences:
        yield f"  {sequence}: may stop it, by what went before"
    if not found.proposals:
        yield f"no change was found that makes it {found.wanted}"
        return
    yield f"to make it {found.wanted}, the smallest change first:"
    for number, proposal in enumerate(found.proposals, 1):
        also = f"; also changes {proposal.affects} of {proposal.of} events near it" if proposal.affects else ""
        yield f"  {number}. {proposal.text}{also}"
        for text in proposal.yaml:
            yield from (f"       {line}" for line in text.splitlines())


def explanation_data(found: Explanation) -> dict[str, object]:
    """An explanation for a program."""
    return {
        "event": shown(found.event), "verdict": found.decision.verdict, "rule": found.decision.rule,
        "policy": found.decision.policy, "stops": found.stops, "wanted": found.wanted,
        "views": [
            {
                "policy": v.policy, "selectors": list(v.selectors), "name": v.name, "verdict": v.decision.verdict,
                "rule": v.decision.rule, "default": v.default,
                "rules": [
                    {"rule": r.rule, "place": r.place, "action": r.action, "outcome": r.outcome, "keys": list(r.keys), "text": r.text}
                    for r in v.rules
                ],
            }
            for v in found.views
        ],
        "sequences": list(found.sequences),
        "changes": [
            {"text": p.text, "yaml": list(p.yaml), "verdict": p.decision.verdict, "affects": p.affects, "of": p.of, "examples": list(p.examples)}
            for p in found.proposals
        ],
    }  # fmt: skip


def linted(policy: Policy, context: RunContext) -> Linted:
    """Findings of one policy as rows ``place, kind, severity, rule, other, text``, and its score."""
    rows = [(f.place, f.kind, f.severity, f.rule, f.other, f.text) for f in lint(policy, context)]
    return Linted(
        policy, _table(("place", "kind", "severity", "rule", "other", "text"), rows), permissiveness(policy, context)
    )


def score_lines(one: Linted) -> Iterator[str]:
    """The score of a policy with its reasons."""
    yield f"{one.policy.name}: permissiveness {one.score.points:.0f} of 100 (0 stops everything that was tried, 100 nothing)"
    for reason in one.score.reasons:
        yield f"  {reason.points:5.1f}  {reason.text}"


def differences(old: Policy, new: Policy, context: RunContext) -> pa.Table:
    """Rows ``kind, rule, effect, certain, place, text, example`` of two policies' differences by rule."""
    rows = []
    for change in compare(old, new, context):
        event = change.wider or change.narrower
        rows.append(
            (
                change.kind, change.rule, change.effect, "yes" if change.certain else "no", change.place, change.text,
                shown(event) if event else None,
            )
        )  # fmt: skip
    return _table(("kind", "rule", "effect", "certain", "place", "text", "example"), rows)


def _table(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})
