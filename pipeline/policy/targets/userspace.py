"""User space, the last place: the judge sees everything, but only once it has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.combine import UNSTOPPABLE
from pipeline.policy.targets.interface import Answer, Share

if TYPE_CHECKING:
    from pipeline.policy.compile import Program
    from pipeline.policy.targets.interface import Wanted

KILLED_AFTER = "user space: killed after the fact"
NOWHERE = "nowhere: recorded only"
UNWATCHED = "nowhere: nothing here sees events as they happen"
_COST = "one look at each new value, none at known ones"


class UserSpace:
    """Takes whatever is left; ``watched`` is false where no sensor hands it events."""

    name = "user space"

    def __init__(self, *, watched: bool = True) -> None:
        self._watched = watched

    def answers(self, program: Program, wanted: list[Wanted]) -> list[Answer]:  # noqa: ARG002 - as all targets
        """Everything but what has nothing left to stop."""
        return [self._answer(one.operations) for one in wanted]

    def _answer(self, operations: frozenset[str]) -> Answer:
        gone = operations & set(UNSTOPPABLE)
        left = operations - gone
        shares = [Share(left, KILLED_AFTER if self._watched else UNWATCHED, _COST)] if left else []
        if gone:
            shares.append(Share(gone, NOWHERE, ""))
        return Answer(tuple(shares), ((gone, "nothing is left to stop"),) if gone else ())
