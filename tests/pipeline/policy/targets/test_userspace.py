from __future__ import annotations

from pipeline.policy.targets.interface import Wanted
from pipeline.policy.targets.userspace import KILLED_AFTER, NOWHERE, UNWATCHED, UserSpace

WANTED = Wanted("r", "p", "deny", frozenset({"file.delete", "exit"}))


def test_takes_all_but_what_has_nothing_left_to_stop():
    (found,) = UserSpace().answers(None, [WANTED])
    assert [(s.operations, s.where) for s in found.shares] == [({"file.delete"}, KILLED_AFTER), ({"exit"}, NOWHERE)]
    assert found.reasons == ((frozenset({"exit"}), "nothing is left to stop"),)


def test_without_a_sensor_nothing_is_stopped():
    (found,) = UserSpace(watched=False).answers(None, [WANTED])
    assert [s.where for s in found.shares] == [UNWATCHED, NOWHERE]
