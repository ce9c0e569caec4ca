"""How a finding may stand, and what must be said with it. A finding is new until somebody sets another status."""

from __future__ import annotations

from typing import Literal

STATUSES = ("new", "acknowledged", "in progress", "resolved", "false positive", "risk accepted")
NOTED = frozenset({"false positive", "risk accepted"})
"""Statuses that end the matter by judgement: whoever sets one says why."""
OPEN = ("new", "acknowledged", "in progress")
LONGEST_NOTE = 2000

Colour = Literal["red", "orange", "blue", "green", "gray", "violet"]

STATUS_COLOUR: dict[str, Colour] = {
    "new": "red", "acknowledged": "orange", "in progress": "blue", "resolved": "green", "false positive": "gray",
    "risk accepted": "violet",
}  # fmt: skip
SEVERITY_COLOUR: dict[str, Colour] = {
    "critical": "red", "high": "orange", "medium": "violet", "low": "blue", "informational": "gray",
}  # fmt: skip


def refusal(status: str, note: str) -> str | None:
    """Why this cannot be set, or ``None``."""
    if status not in STATUSES:
        return f"{status!a} is no status: choose one of {', '.join(STATUSES)}"
    if status in NOTED and not note.strip():
        return f"{status} needs a note: say why"
    if len(note) > LONGEST_NOTE:
        return f"a note has at most {LONGEST_NOTE:,} characters"
    return None
