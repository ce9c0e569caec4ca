"""What an agent is told after a tool has run: what was stopped meanwhile, why, and what to do instead.

All that an agent sees otherwise is a command that died. The words may name files that somebody else named, so each is
one line of visible letters and not long.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lictor.hooks.told import told
from lictor.telling.finding import find_run
from lictor.telling.reading import Reason, newer_than
from pipeline.escape import visible

MOST = 10
"""Reasons that are told at once; the newest."""

_LONGEST = 300
"""Characters of one text."""

_DONE = {
    "ask": "Lictor held this until a person decided",
    "freeze": "Lictor stopped the whole run at this until a person decided",
    "quarantine": "Lictor stopped this and took the file away",
    "isolate": "Lictor stopped this and cut the network",
}
_LAST = "Do not try the same by another way."


def afterwards(session: str, environment: Mapping[str, str] = os.environ) -> str:
    """What a session has not been told yet, as a text for its agent; empty where that is nothing, or no run is found."""
    folder = find_run(os.getpid(), environment)
    if folder is None:
        return ""
    with told(folder.name, session, datetime.now(UTC), environment) as known:
        reasons = newer_than(folder, known.time) if known is not None else []
        if known is not None and reasons:
            known.time = reasons[-1].time
    return text_of(reasons)


def text_of(reasons: Sequence[Reason]) -> str:
    """Reasons as a text; what was stopped again and again is told once, by its last time."""
    distinct = {_said(reason): None for reason in reversed(reasons)}
    lines = list(distinct)[:MOST][::-1]
    if not lines:
        return ""
    left = len(distinct) - len(lines)
    return "\n".join([*lines, *([f"And {left} more before these."] if left else []), _LAST])


def _said(reason: Reason) -> str:
    what = " ".join(_short(text) for text in (reason.operation, reason.object) if text)
    rule = f" (rule {_short(reason.rule)})" if reason.rule else ""
    why = f" {_short(reason.because)}" if reason.because else ""
    instead = f" Instead: {_short(reason.instead)}" if reason.instead else ""
    return f"{_DONE.get(reason.action, 'Lictor stopped this')}: {what}{rule}.{why}{instead}"


def _short(text: str) -> str:
    shown = visible(text[:_LONGEST])
    return f"{shown}…" if len(text) > _LONGEST else shown
