"""User space, the last place: the judge sees everything, but only once it has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.combine import UNSTOPPABLE
from pipeline.policy.targets.interface import Answer, Share

if TYPE_CHECKING:
    from pipeline.policy.compile import Program
    from pipeline.policy.targets.interface import Wanted

KILLED_AFTER = "user space: killed after the fact"
HELD_AFTER = "user space: the run is frozen after the fact, until that is decided"
TAKEN_AFTER = "user space: killed after the fact, then the file goes to the vault"
CUT_AFTER = "user space: killed after the fact, then the run loses its network"
DISCONNECTED = "user space: the run loses its network after the fact"
NOWHERE = "nowhere: recorded only"
UNWATCHED = "nowhere: nothing here sees events as they happen"
_COST = "one look at each new value, none at known ones"

_AFTER = {"ask": HELD_AFTER, "freeze": HELD_AFTER, "quarantine": TAKEN_AFTER, "isolate": CUT_AFTER}


class UserSpace:
    """Takes whatever is left; ``watched`` is false where no sensor hands it events."""

    name = "user space"

    def __init__(self, *, watched: bool = True) -> None:
        self._watched = watched

    def answers(self, program: Program, wanted: list[Wanted]) -> list[Answer]:  # noqa: ARG002 - as all targets
        """Everything but what has nothing left to stop."""
        return [self._answer(one) for one in wanted]

    def _answer(self, one: Wanted) -> Answer:
        gone = one.operations & set(UNSTOPPABLE)
        cut = frozenset(o for o in one.operations if o.startswith("net.")) if one.action == "isolate" else frozenset()
        ways = (
            (one.operations - gone - cut, _AFTER.get(one.action, KILLED_AFTER) if self._watched else UNWATCHED, _COST),
            (cut, DISCONNECTED if self._watched else UNWATCHED, _COST),
            (gone, NOWHERE, ""),
        )
        shares = tuple(Share(operations, where, cost) for operations, where, cost in ways if operations)
        return Answer(shares, ((gone, "nothing is left to stop"),) if gone else ())
