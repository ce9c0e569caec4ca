"""What several policies together say of runs that are held, and of runs whose Lictor has died.

Layers only narrow, and one that says nothing means the usual: no other can have its questions
answered with ``release``, or its runs left unwatched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.policy.kinds import ANSWERS, Failure, Then

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.model import Policy

LIMIT_S = 600.0
ASK: Then = "deny"
FREEZE: Then = "kill"


@dataclass(frozen=True)
class Holds:
    """How long a held run waits for a person (seconds), and what happens then to one that asked or was frozen."""

    limit_s: float = LIMIT_S
    ask: Then = ASK
    freeze: Then = FREEZE


def joint_holds(policies: Sequence[Policy]) -> Holds:
    """The shortest limit that one of them gives, and the strongest answers, also of those that name none."""
    limits = [p.holds.limit / 1e9 for p in policies if p.holds.limit is not None]
    return Holds(
        limit_s=min(limits, default=LIMIT_S),
        ask=_strongest([p.holds.ask or ASK for p in policies], ASK),
        freeze=_strongest([p.holds.freeze or FREEZE for p in policies], FREEZE),
    )


def joint_failure(policies: Sequence[Policy]) -> Failure | None:
    """``closed`` where one says so, ``open`` where all do, else ``None``: what is usual for the command."""
    said = {p.on_failure for p in policies}
    return "closed" if "closed" in said else "open" if said == {"open"} else None


def _strongest(said: Sequence[Then], default: Then) -> Then:
    return max(said, key=ANSWERS.index, default=default)
