"""What was done to the system, step by step, each with what was read back from it: a line for a person, an object for a program.

``confirmed`` was read back; ``unverified`` was done and could not be; ``failed`` is not there. Only the last makes an exit status of 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from enforcer.interface import Enforcement
from lictor.errors import DONE, FINDING


class Step(NamedTuple):
    """One step: its name, how it ended, and what was read back, in one line."""

    name: str
    state: Enforcement
    evidence: str


def attempt(name: str, act: Callable[[], str], look: Callable[[], bool | None]) -> Step:
    """Do one thing, then look whether it is so: ``look`` says yes, no, or ``None`` where the system does not tell.

    ``act`` says what it does. An error of it alone decides nothing: what counts is what is there afterwards.
    """
    trouble = ""
    try:
        said = act()
    except Exception as error:  # noqa: BLE001 - pywin32's errors share no base but this; the text is told
        said, trouble = name, f" ({one_line(error)})"
    try:
        seen = look()
    except Exception as error:  # noqa: BLE001 - as above
        return Step(name, "unverified", f"{said}{trouble}: cannot be read back ({one_line(error)})")
    if seen is None:
        return Step(name, "unverified", f"{said}{trouble}: the system does not tell")
    return Step(name, "confirmed" if seen else "failed", f"{said}{trouble}" + ("" if seen else ": it is not so"))


def one_line(error: BaseException) -> str:
    """What went wrong; pywin32's errors have their text as the last of three arguments."""
    text = error.args[2] if len(error.args) == 3 and isinstance(error.args[2], str) else str(error)
    return " ".join(text.split()) or type(error).__name__


def exit_status(steps: Iterable[Step]) -> int:
    """0, or 1 where a step failed."""
    return FINDING if any(step.state == "failed" for step in steps) else DONE


def as_text(steps: Sequence[Step]) -> str:
    """One line for each step."""
    return "\n".join(f"{step.state:<10}  {step.name:<13}  {step.evidence}" for step in steps)


def as_json(steps: Sequence[Step], **more: object) -> str:
    """One object: ``steps`` (name, state, evidence), ``ok``, and what else is known."""
    return json.dumps({**more, "ok": exit_status(steps) == DONE, "steps": [step._asdict() for step in steps]}, indent=2)
