"""How a finding may stand, and what must be said with it. A finding is new until somebody sets another status."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

STATUSES = ("new", "acknowledged", "in_progress", "resolved", "false_positive", "risk_accepted")
NOTED = frozenset({"false_positive", "risk_accepted"})
"""Statuses that end the matter by judgement: whoever sets one says why."""
LONGEST_NOTE = 2000

Colour = Literal["red", "orange", "blue", "green", "gray", "violet"]

STATUS_COLOUR: dict[str, Colour] = {
    "new": "red", "acknowledged": "orange", "in_progress": "blue", "resolved": "green", "false_positive": "gray",
    "risk_accepted": "violet",
}  # fmt: skip
SEVERITY_COLOUR: dict[str, Colour] = {
    "critical": "red", "high": "orange", "medium": "violet", "low": "blue", "informational": "gray",
}  # fmt: skip


def words(status: str) -> str:
    """A status for a person."""
    return status.replace("_", " ")


def worded(rows: pa.Table) -> pa.Table:
    """The same rows with each status as words."""
    for name in {"status", "was"} & set(rows.column_names):
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, pc.replace_substring(rows[name], "_", " "))
    return rows


def refusal(status: str, note: str) -> str | None:
    """Why this cannot be set, or ``None``."""
    if status not in STATUSES:
        return f"{status!a} is no status: choose one of {', '.join(map(words, STATUSES))}"
    if status in NOTED and not note.strip():
        return f"{words(status)} needs a note: say why"
    if len(note) > LONGEST_NOTE:
        return f"a note has at most {LONGEST_NOTE:,} characters"
    return None
