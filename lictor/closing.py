"""The closing lines of a run: what was stopped and why, what was held and what came of it, what was lost, how to ask further."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from collectors.sources import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lictor.live import LiveRun

_ANSWERS = {"released": "released", "denied": "denied", "killed": "killed", "gone": "undecided"}
"""States of ``requests`` that end a question, as they are said."""


def closing_lines(live: LiveRun, lake: Path | None) -> Iterator[str]:
    """Lines about a run that has ended; ``lake`` is the one that was named, ``None`` for the usual one."""
    reasons = {r.id: r for r in live.program.all_rules} if live.program else {}
    done = _done(live)
    for (operation, what, rule), times in live.denials.items():
        yield f"{done}: {operation} {what} (rule {rule}{f', {times} times' if times > 1 else ''})"
    for (rule, title), times in live.findings.items():
        yield f"found: {rule}{f', {times} times' if times > 1 else ''}{f': {title}' if title else ''}"
    for rule in dict.fromkeys(rule for _, _, rule in live.denials):
        told = reasons.get(rule)
        if told is not None and (told.because or told.instead):
            yield f"  {rule}: {' '.join(filter(None, (told.because, told.instead)))}"
    yield f"run {live.id}: {', '.join(_sums(live))}"
    where = f" --lake {shlex.quote(str(lake))}" if lake else ""
    yield f"look closer: lictor show{where} {live.id}"


def _done(live: LiveRun) -> str:
    return "denied" if live.enforce else "would have been denied"


def _counts(live: LiveRun) -> bool:
    return named(live.source).counts


def _sums(live: LiveRun) -> Iterator[str]:
    yield f"{live.events} events"
    none = "none lost" if _counts(live) else "none known to be lost"  # who only looks cannot know
    yield f"{live.lost} lost" if live.lost else none
    at_once = " at once" if live.held and live.enforce else ""  # of what was held some may have been denied later
    yield f"{live.denied} {_done(live)}{at_once}" if live.program else "no policy"
    if live.held:
        yield f"{live.held} held"
        came = [f"{live.answers[state]} of them {word}" for state, word in _ANSWERS.items() if live.answers[state]]
        yield from came
