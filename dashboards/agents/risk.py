"""How much risk an agent is: a sum of reasons, each with its points and where its rows are. Nothing is learned, nothing is hidden.

Points say what to look at first; they are no probability. A finding that people called a false positive still counts until its rule is mended: the
score is of what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
    """One reason: ``page`` and ``query`` lead to its rows."""

    points: int
    says: str
    page: str
    query: Mapping[str, str | Sequence[str]]


_FINDINGS = (("critical", 40, 80), ("high", 15, 60), ("medium", 4, 20), ("low", 1, 5))
"""Severity, points of one finding, and at most of all of them."""
_LEVELS = ((80, "critical"), (40, "high"), (15, "medium"), (1, "low"))


def reasons(agent: Row, flags: Sequence[Row]) -> list[Reason]:
    """Why an agent of the inventory is a risk, the heaviest reason first; ``flags`` are its rows of ``agents_bypass``."""
    return sorted(_reasons(agent, flags), key=lambda r: -r.points)


def score(found: Sequence[Reason]) -> int:
    """The sum, at most 100."""
    return min(100, sum(r.points for r in found))


def level(points: int) -> str:
    """The word for a sum."""
    return next((word for least, word in _LEVELS if points >= least), "none seen")


def _reasons(agent: Row, flags: Sequence[Row]) -> Iterator[Reason]:
    who = {"agents": [str(agent["agent"] or "")], "hosts": [str(agent["host"] or "")]}
    for severity, each, most in _FINDINGS:
        count = agent[severity]
        if count:
            yield Reason(
                min(each * count, most),
                f"{count:,} {_many('finding', count)} of severity {severity}",
                "findings",
                {**who, "severity": severity},
            )
    if flags:
        runs = sum(f["runs"] for f in flags)
        named = ", ".join(sorted({str(f["flag"]) for f in flags}))
        yield Reason(
            20,
            f"{runs:,} {_many('run', runs)} with approvals switched off ({named})",
            "run",
            {"run": str(flags[-1]["run"])},
        )
    if agent["unmanaged"]:
        yield Reason(20, f"{agent['unmanaged']:,} of {agent['runs']:,} runs without a policy", "run", who)
    if agent["audited"]:
        yield Reason(8, f"{agent['audited']:,} of {agent['runs']:,} runs whose policy only recorded", "run", who)
    if agent["denied"]:
        yield Reason(
            5,
            f"{agent['denied']:,} denials",
            "audit",
            {**who, "verdicts": ["deny", "freeze", "quarantine", "isolate", "kill"]},
        )
    if agent["lost"]:
        yield Reason(3, f"{agent['lost']:,} events lost on its host while it ran", "health", {"hosts": who["hosts"]})


def _many(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
