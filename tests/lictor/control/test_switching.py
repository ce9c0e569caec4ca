"""What a service does when it is asked to pause: the file is what counts, and the answer says what the service then is."""

from __future__ import annotations

import os

import pytest

from lictor.control import pausing
from lictor.control.messages import Request
from lictor.control.peers import Peer
from lictor.control.switching import switched

pytestmark = pytest.mark.usefixtures("runtime")

ANNA = Peer(7, 1, "anna", login="bert", member=True)


def follow():
    """A service that does as the file says."""
    return pausing.paused() is not None


def test_a_member_of_the_group_has_the_service_throw_it():
    answer = switched(Request("pause", why="false alarms"), ANNA, follow)
    assert answer["rows"] == [{"service": os.getpid(), "enforcement": "confirmed", "evidence": "it enforces nothing"}]
    state = pausing.paused()
    assert (state.who, state.why, state.login) == ("anna", "false alarms", "bert")
    answer = switched(Request("resume"), ANNA, follow)
    assert answer["rows"][0]["evidence"] == "it enforces again"
    assert pausing.paused() is None


def test_who_threw_it_first_stays_noted():
    first = pausing.pause("root", "false alarms")
    switched(Request("pause", why="me too"), ANNA, follow)
    assert pausing.paused() == first


@pytest.mark.parametrize(
    ("peer", "why"),
    [
        (Peer(8, 1, "carl"), "carl may not decide"),
        (Peer(0, 9, "root", agent=True, member=True), "an agent decides nothing"),
    ],
)
@pytest.mark.parametrize("do", ["pause", "resume"])
def test_who_may_not_decide_changes_nothing(peer, why, do):
    if do == "resume":
        pausing.pause("root", "false alarms")
    before = pausing.paused()
    answer = switched(Request(do), peer, lambda: pytest.fail("it followed"))
    assert answer["ok"] is False
    assert why in answer["error"]
    assert pausing.paused() == before


@pytest.mark.parametrize("do", ["pause", "resume"])
def test_a_service_that_does_not_follow_is_told(do):
    answer = switched(Request(do), ANNA, lambda: do == "resume")
    assert answer["rows"][0]["enforcement"] == "failed"


def test_a_service_that_looks_by_itself_confirms_nothing():
    (row,) = switched(Request("pause"), ANNA, None)["rows"]
    assert row["enforcement"] == "unverified"
    assert pausing.paused() is not None
