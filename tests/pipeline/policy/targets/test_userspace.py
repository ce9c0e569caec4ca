from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.policy.targets.interface import Told, Wanted
from pipeline.policy.targets.userspace import (
    CUT_AFTER,
    DISCONNECTED,
    ENDED_AFTER,
    HELD_AFTER,
    KILLED_AFTER,
    NOWHERE,
    TAKEN_AFTER,
    UNSEEN,
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


TOLD = Told("looker", frozenset({"file.create", "net.connect", "exit"}), "afterwards, if at all")


def test_what_another_source_never_sees_is_enforced_nowhere_and_the_rest_afterwards():
    wanted = replace(WANTED, operations=frozenset({"file.read", "file.write", "file.create", "net.connect", "exit"}))
    (found,) = UserSpace(told=TOLD).answers(None, [wanted])
    ways = {operation: share.where for share in found.shares for operation in share.operations}
    after = dict.fromkeys(("file.write", "file.create", "net.connect"), KILLED_AFTER)
    assert ways == {**after, "file.read": UNSEEN, "exit": NOWHERE}
    reasons = {operation: text for operations, text in found.reasons for operation in operations}
    assert reasons["file.read"] == "the source looker makes no rows of it"
    assert reasons["net.connect"] == "under the source looker: afterwards, if at all"


@pytest.mark.parametrize("action", ["ask", "freeze"])
def test_under_another_source_a_hold_may_be_impossible(action):
    (found,) = UserSpace(told=TOLD).answers(
        None, [replace(WANTED, action=action, operations=frozenset({"net.connect"}))]
    )
    assert [s.where for s in found.shares] == [f"{HELD_AFTER}; by signals where this user may have no cgroup"]


def test_under_another_source_no_network_is_cut():
    (found,) = UserSpace(told=TOLD).answers(
        None, [replace(WANTED, action="isolate", operations=frozenset({"net.connect"}))]
    )
    assert [s.where for s in found.shares] == [ENDED_AFTER]
