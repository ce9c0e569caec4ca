from __future__ import annotations

from types import SimpleNamespace

import pytest

from enforcer.interface import LEASE_MARGIN_S, KeeperError
from lictor.enforcing.kept import Kept
from tests.lictor.enforcing.keepers import Alarms, Keeper


@pytest.fixture
def kept(live, monkeypatch):
    """One that is told of the run ``run-1``, which is held for a minute; reports are its ``said``, alarms its ``alarms``."""
    monkeypatch.setattr(Keeper, "started", [])
    said, alarms = [], Alarms()
    holds = [SimpleNamespace(run="run-1", seconds=60.0)]
    parts = SimpleNamespace(runs={"run-1": live}, holds=lambda: holds, alarms=alarms, report=said.append)
    made = Kept(parts, Keeper.start, lambda keeper, run: keeper.add(run.id))
    made.said, made.alarms = said, alarms
    return made


def drop(keeper):
    keeper.drop("run-1")


def test_before_it_is_opened_nobody_is_told(kept):
    kept.tell(drop)
    kept.look()
    kept.close()
    assert (Keeper.started, kept.alarms) == ([], [])


def test_what_is_told_reaches_it_until_goodbye(kept):
    kept.open()
    kept.tell(drop)
    kept.look()
    kept.close()
    kept.tell(drop)
    assert [keeper.told for keeper in Keeper.started] == [[("drop", "run-1"), ("look",), ("close",)]]


def test_one_that_died_is_replaced_by_one_that_knows_all_before_it_is_told_more(kept):
    kept.open()
    Keeper.started[0].broken = True
    kept.tell(drop)
    assert Keeper.started[1].told == [
        ("add", "run-1"), ("lease", "run-1", 60.0 + LEASE_MARGIN_S, "release"), ("drop", "run-1"),
    ]  # fmt: skip
    assert kept.alarms == [("keeper-lost", "high")]
    assert kept.said == ["the keeper ended (it is gone); another was started"]


@pytest.mark.parametrize("late", [False, True])
def test_where_none_can_be_had_that_is_an_alarm_and_the_end_of_it(kept, monkeypatch, late):
    def refused(_log=None):
        raise KeeperError("no more processes")

    kept.open()
    Keeper.started[0].broken = True
    if late:  # it is started, and dies before it knows all
        monkeypatch.setattr(Keeper, "lease", lambda *_: refused(), raising=False)
    else:
        kept._start = refused
    kept.tell(drop)
    kept.tell(drop)
    assert kept.alarms == [("keeper-lost", "high"), ("no-keeper", "critical")]
    assert kept.said[1] == "no keeper can be had (no more processes): held runs stay held should Lictor die"
