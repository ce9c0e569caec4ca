"""The link that lets in once."""

from __future__ import annotations

import pytest

from dashboards.auth.link import AGAIN_S, GOOD_S, LinkDoor
from dashboards.interface import Role


@pytest.fixture
def told():
    return []


@pytest.fixture
def door(told, clock):
    return LinkDoor("ann", told.append, clock)


def test_link_lets_in_once_with_every_right(door, told):
    door.again()
    known = door.by_link(told[0])
    assert (known.account.name, known.account.role, known.account.source) == ("ann", Role.admin, "link")
    assert door.by_link(told[0]) is None


def test_link_cannot_be_guessed(door, told):
    door.again()
    assert len(told[0]) >= 43  # 256 bits
    for wrong in ("", "x", told[0][:-1], told[0] + "x", told[0].swapcase(), "\ud800"):
        assert door.by_link(wrong) is None
    assert door.by_link(told[0]) is not None


def test_no_link_before_one_was_printed(door):
    assert door.by_link("") is None
    assert door.by_link("None") is None


def test_link_is_good_for_ten_minutes(door, told, clock):
    door.again()
    clock.now += GOOD_S + 1
    assert door.by_link(told[0]) is None


def test_asking_again_takes_no_good_link_away(door, told, clock):
    door.again()
    clock.now += AGAIN_S
    assert "terminal" in door.again()
    assert told[0] == told[1]
    assert door.by_link(told[0]) is not None


def test_asking_again_after_it_was_used_or_is_too_old_gives_another(door, told, clock):
    door.again()
    door.by_link(told[0])
    clock.now += AGAIN_S
    door.again()
    clock.now += GOOD_S + 1
    door.again()
    assert len(set(told)) == 3
    assert door.by_link(told[1]) is None
    assert door.by_link(told[2]) is not None


def test_nobody_fills_the_terminal(door, told):
    for _ in range(100):
        door.again()
    assert len(told) == 1


def test_account_is_there_as_long_as_the_dashboard(door):
    assert door.now("link").account.name == "ann"
    assert door.now("ann") is None
    assert door.by_password("ann", "") is None
