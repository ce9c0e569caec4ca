"""User space, the last place: the judge sees everything, but only once it has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import schema
from pipeline.policy.combine import UNSTOPPABLE
from pipeline.policy.targets.interface import Answer, Share

if TYPE_CHECKING:
    from pipeline.policy.compile import Program
    from pipeline.policy.targets.interface import Told, Wanted

KILLED_AFTER = "user space: killed after the fact"
HELD_AFTER = "user space: the run is frozen after the fact, until that is decided"
TAKEN_AFTER = "user space: killed after the fact, then the file goes to the vault"
CUT_AFTER = "user space: killed after the fact, then the run loses its network"
DISCONNECTED = "user space: the run loses its network after the fact"
NOWHERE = "nowhere: recorded only"
UNWATCHED = "nowhere: nothing here sees events as they happen"
UNSEEN = "nowhere: never seen"
ENDED_AFTER = "user space: the run is ended after the fact, since its network cannot be cut"
_COST = "one look at each new value, none at known ones"

_HELD_BY_ANY_MEANS = f"{HELD_AFTER}; by signals where this user may have no cgroup"
_AFTER_TOLD = {
    "ask": _HELD_BY_ANY_MEANS,
    "freeze": _HELD_BY_ANY_MEANS,
    "quarantine": TAKEN_AFTER,
    "isolate": ENDED_AFTER,
}
_AFTER = {"ask": HELD_AFTER, "freeze": HELD_AFTER, "quarantine": TAKEN_AFTER, "isolate": CUT_AFTER}


class UserSpace:
    """Takes whatever is left; ``watched`` is false where no sensor hands it events, unless another source does, which is ``told``."""

    name = "user space"

    def __init__(self, *, watched: bool = True, told: Told | None = None) -> None:
        self._watched = watched
        self._told = told

    def answers(self, program: Program, wanted: list[Wanted]) -> list[Answer]:  # noqa: ARG002 - as all targets
        """Everything but what has nothing left to stop."""
        return [self._answer(one) for one in wanted]

    def _answer(self, one: Wanted) -> Answer:
        return self._from_told(one, self._told) if self._told is not None else self._from_sensor(one)

    def _from_sensor(self, one: Wanted) -> Answer:
        gone = one.operations & set(UNSTOPPABLE)
        cut = frozenset(o for o in one.operations if o.startswith("net.")) if one.action == "isolate" else frozenset()
        ways = (
            (one.operations - gone - cut, _AFTER.get(one.action, KILLED_AFTER) if self._watched else UNWATCHED, _COST),
            (cut, DISCONNECTED if self._watched else UNWATCHED, _COST),
            (gone, NOWHERE, ""),
        )
        shares = tuple(Share(operations, where, cost) for operations, where, cost in ways if operations)
        return Answer(shares, ((gone, "nothing is left to stop"),) if gone else ())

    @staticmethod
    def _from_told(one: Wanted, told: Told) -> Answer:
        """What the sensor would leave to user space and more, less what this source never sees."""
        gone = one.operations & set(UNSTOPPABLE)
        unseen = one.operations - gone - _selectors(told.operations)
        ways = (
            (one.operations - gone - unseen, _AFTER_TOLD.get(one.action, KILLED_AFTER), _COST),
            (unseen, UNSEEN, ""),
            (gone, NOWHERE, ""),
        )
        shares = tuple(Share(operations, where, cost) for operations, where, cost in ways if operations)
        reasons = (
            (gone, "nothing is left to stop"),
            (unseen, f"the source {told.name} makes no rows of it"),
            (one.operations - gone - unseen, f"under the source {told.name}: {told.acts}"),
        )
        return Answer(shares, tuple(reason for reason in reasons if reason[0]))


def _selectors(operations: frozenset[str]) -> frozenset[str]:
    """What a policy's ``on:`` calls some operations."""
    return frozenset(s for name in operations for s in (name, *schema.OPERATION_BY_NAME[name].selectors))
