"""A suggested policy's account: each rule with its stability, what was left out, and which runs nothing was learned from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.policy.analysis.suggest import REFUSED, REVIEW

if TYPE_CHECKING:
    from lictor.suggesting import Suggestion

_FIELDS = (
    ("outcome", pa.string()), ("rule", pa.string()), ("on", pa.string()), ("what", pa.string()), ("stability", pa.float64()),
    ("runs", pa.int64()), ("events", pa.int64()), ("note", pa.string()),
)  # fmt: skip


def table(found: Suggestion) -> pa.Table:
    """Rows: rules first, then what needs a person's review, then what is refused."""
    rows: list[tuple[Any, ...]] = [
        ("allowed", r.rule, r.selector, r.what, r.stability, r.runs_seen, r.events, f"e.g. {r.example}")
        for r in found.reasons
    ]
    rows += [
        (one.outcome, None, one.selector, one.what, one.runs / len(found.runs), one.runs, one.events, one.why)
        for outcome in (REVIEW, REFUSED)
        for one in found.left
        if one.outcome == outcome
    ]
    return pa.table({name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(_FIELDS)})


def as_json(found: Suggestion) -> dict[str, Any]:
    """The whole account as one object."""
    return {
        "runs": list(found.runs), "skipped": dict(found.skipped), "rules": [asdict(r) for r in found.reasons],
        "left": [asdict(one) for one in found.left],
    }  # fmt: skip


def summary(found: Suggestion) -> list[str]:
    """What there is to say beside the rows."""
    review = sum(one.outcome == REVIEW for one in found.left)
    refused = sum(one.outcome == REFUSED for one in found.left)
    lines = [f"nothing was learned from run {run}: {reason}" for run, reason in found.skipped.items()]
    return [
        *lines,
        f"{len(found.reasons)} rules from {len(found.runs)} runs; {review} things need review, {refused} are refused",
    ]
