"""Limits that open what a policy stops: a question that nobody answers must not be a way through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.analysis.findings import Finding, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSES = {
    "ask": "what is asked for passes",
    "freeze": "a run that was frozen goes on",
}


def check(subject: Subject) -> Iterator[Finding]:
    """Findings about ``holds`` that release who was held, where nobody decides in time."""
    holds = subject.program.holds
    for name, what in _PASSES.items():
        if getattr(holds, name) == "release":
            text = f"'{name}: release': {what} where nobody answers within {holds.limit_s:g} s, at night and on holidays too"
            yield Finding(None, subject.place("holds", name), "fail-open", "medium", text)
