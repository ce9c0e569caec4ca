"""What a policy does not tell those who must live with it: no tests, no reason for a stop, a stop that comes late."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.policy.analysis.findings import Finding, Subject
from pipeline.policy.combine import STOPPING
from pipeline.policy.explain import NOWHERE, explain_enforcement

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for information, and about stops that come after the fact."""
    yield from _untested(subject)
    for i, rule in enumerate(subject.policy.rules):
        if rule.action in STOPPING and not rule.because:
            text = f"{rule.action} without 'because': who is stopped is not told why"
            yield Finding(rule.id, subject.place("rules", i), "no-because", "informational", text)
    yield from _late(subject)


def _untested(subject: Subject) -> Iterator[Finding]:
    if not subject.policy.rules and not subject.policy.defaults:
        return
    if not subject.policy.tests:
        text = "the policy has no tests: nothing notices when a change opens what it closes"
        yield Finding(None, subject.place(), "no-tests", "informational", text)
        return
    tested = {test.rule for test in subject.policy.tests}
    for i, rule in enumerate(subject.policy.rules):
        if rule.action in STOPPING and rule.id not in tested:
            text = f"no test expects '{rule.id}' to decide"
            yield Finding(rule.id, subject.place("rules", i), "no-tests", "informational", text)


def _late(subject: Subject) -> Iterator[Finding]:
    """One finding for each rule or default that user space carries out, or nothing does, with its reasons."""
    ways: dict[str, dict[tuple[str, str], list[str]]] = {}
    for way in explain_enforcement(replace(subject.program, mode="enforce")):
        if way.where.startswith("user space: ") or way.where == NOWHERE:
            reasons = ways.setdefault(way.rule, {}).setdefault((", ".join(way.operations), way.where), [])
            reasons.append(way.reason)
    places = {rule.id: subject.place("rules", i) for i, rule in enumerate(subject.policy.rules)}
    for rule, late in ways.items():
        place = places.get(rule) or subject.place("defaults", rule.removeprefix("default:"))
        text = "; ".join(f"{on}: {_said(where, reasons)}" for (on, where), reasons in late.items())
        yield Finding(rule, place, "after-the-fact", "informational", text)


def _said(where: str, reasons: list[str]) -> str:
    """Where it is carried out, and why no earlier: the first reasons stand for the others of their kind."""
    given = list(dict.fromkeys(reason for reason in reasons if reason))
    more = f" and {len(given) - 2} more" if len(given) > 2 else ""
    why = f" ({'; '.join(given[:2])}{more})" if given else ""
    return where.removeprefix("user space: ").removeprefix("nowhere: ") + why
