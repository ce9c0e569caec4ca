from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.policy.targets.interface import Wanted
from pipeline.policy.targets.userspace import (
    CUT_AFTER,
    DISCONNECTED,
    HELD_AFTER,
    KILLED_AFTER,
    NOWHERE,
    TAKEN_AFTER,
    UNWATCHED,
    UserSpace,
)

WANTED = Wanted("r", "p", "deny", frozenset({"file.delete", "exit"}))


def test_takes_all_but_what_has_nothing_left_to_stop():
    (found,) = UserSpace().answers(None, [WANTED])
    assert [(s.operations, s.where) for s in found.shares] == [({"file.delete"}, KILLED_AFTER), ({"exit"}, NOWHERE)]
    assert found.reasons == ((frozenset({"exit"}), "nothing is left to stop"),)


@pytest.mark.parametrize(
    ("action", "file", "connection"),
    [
        ("ask", HELD_AFTER, HELD_AFTER),
        ("deny", KILLED_AFTER, KILLED_AFTER),
        ("freeze", HELD_AFTER, HELD_AFTER),
        ("quarantine", TAKEN_AFTER, TAKEN_AFTER),
        ("isolate", CUT_AFTER, DISCONNECTED),
        ("kill", KILLED_AFTER, KILLED_AFTER),
    ],
)
def test_each_action_is_carried_out_in_its_own_way(action, file, connection):
    wanted = Wanted("r", "p", action, frozenset({"file.delete", "net.bind", "exit"}))
    (found,) = UserSpace().answers(None, [wanted])
    ways = {operation: share.where for share in found.shares for operation in share.operations}
    assert ways == {"file.delete": file, "net.bind": connection, "exit": NOWHERE}
    assert len(ways) == sum(len(share.operations) for share in found.shares)


@pytest.mark.parametrize("action", ["deny", "isolate"])
def test_without_a_sensor_no_connection_is_cut_either(action):
    wanted = replace(WANTED, action=action, operations=frozenset({"net.bind"}))
    (found,) = UserSpace(watched=False).answers(None, [wanted])
    assert [s.where for s in found.shares] == [UNWATCHED]


def test_without_a_sensor_nothing_is_stopped():
    (found,) = UserSpace(watched=False).answers(None, [WANTED])
    assert [s.where for s in found.shares] == [UNWATCHED, NOWHERE]
