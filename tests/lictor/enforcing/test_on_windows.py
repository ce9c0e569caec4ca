from __future__ import annotations

from types import SimpleNamespace

import pytest

from enforcer.dry_run import DryRun
from enforcer.interface import LEASE_MARGIN_S, KeeperError, Outcome
from enforcer.windows.suspension import Halt
from lictor.enforcing import on_windows
from lictor.enforcing.machine import Parts
from lictor.enforcing.on_windows import WindowsMachine
from tests.lictor.enforcing.keepers import Alarms, Keeper


class Job:
    """A job that can tell of its suspensions."""

    def __init__(self):
        self.halts, self.listener = [], None

    def tell(self, listener):
        self.listener = listener


class Group(Job):
    """A found run's."""

    def __init__(self):
        super().__init__()
        self.job, self.released, self.thaws = Job(), False, True

    def thaw(self, _timeout):
        assert not self.released
        if self.thaws is None:
            raise OSError("no such job")
        return self.thaws

    def release(self):
        self.released = True


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A machine that was opened; reports are its ``said``, alarms its ``alarms``, its only run may be put into ``runs``."""
    said, alarms, runs, settled = [], Alarms(), {}, []
    collector = SimpleNamespace(kernel=None, context="here")
    holds = []
    parts = Parts(
        collector, runs, tmp_path, (), lambda _: [(7, 70), (8, 80)], lambda: holds, alarms, said.append, "keep",
    )  # fmt: skip
    monkeypatch.setattr(on_windows, "Keeper", Keeper)
    monkeypatch.setattr(Keeper, "started", [])
    monkeypatch.setattr(on_windows, "Job", Job)
    monkeypatch.setattr(on_windows, "AttachedGroup", Group)
    monkeypatch.setattr(on_windows, "enable", lambda: Outcome("confirmed", "it is on"))
    monkeypatch.setattr(on_windows, "settle", lambda vault, *to: settled.append((vault.root, *to)) or [])
    monkeypatch.setattr(
        on_windows, "Leftovers", lambda context: SimpleNamespace(settle=lambda *to: settled.append((context, *to)))
    )
    machine = WindowsMachine(parts)
    machine.said, machine.alarms, machine.runs, machine.holds = said, alarms, runs, holds
    machine.open(tmp_path / "log")
    assert settled == [(tmp_path / on_windows.FOLDER, "keep"), ("here", "keep", said.append)]
    return machine


def known(live):
    return [(live.root_pid, live.root_key), (7, 70), (8, 80)]


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_right_that_is_missing_is_said_once_at_the_start(made, tmp_path, monkeypatch, confirmed):
    told = Outcome("confirmed" if confirmed else "failed", "SeDebugPrivilege is not held")
    monkeypatch.setattr(on_windows, "enable", lambda: told)
    monkeypatch.setattr(on_windows, "Leftovers", lambda *_: SimpleNamespace(settle=lambda *_: None))
    made.open(tmp_path / "log")
    assert made.said == ([] if confirmed else ["SeDebugPrivilege is not held"])


def test_what_was_settled_of_the_vault_is_said(made, tmp_path, monkeypatch):
    monkeypatch.setattr(on_windows, "settle", lambda *_: ["quarantine: q-1 is taken"])
    monkeypatch.setattr(on_windows, "Leftovers", lambda *_: SimpleNamespace(settle=lambda *_: None))
    made.open(tmp_path / "log")
    assert made.said == ["quarantine: q-1 is taken"]


def test_a_found_run_is_gathered_into_a_job_once_and_given_back(made, live, monkeypatch):
    gathered = []

    def gather(known, _check, *, fail):
        gathered.append((list(known()), fail, [name for name, *_ in Keeper.started[0].told]))
        return Group()

    monkeypatch.setattr(on_windows, "gather", gather)
    made.prepare(live)
    group = made.reach(live).gather()
    assert gathered == [([(7, 70), (8, 80)], "open", ["add"])], "the keeper knows who is about to be taken in"
    made.end(live)
    assert group.released
    assert live.adopted is None
    assert Keeper.started[0].told == [
        ("add", "run-1", None, "open", known(live)), ("add", "run-1", group.job, "open", known(live)), ("drop", "run-1"),
    ]  # fmt: skip


@pytest.mark.parametrize("thaws", [True, False, None])
def test_a_found_run_that_is_held_goes_on_before_it_is_given_back(made, live, monkeypatch, thaws):
    monkeypatch.setattr(on_windows, "gather", lambda *_, **__: Group())
    made.prepare(live)
    group = live.group
    group.thaws = thaws
    made.end(live)
    assert group.released
    assert made.said == ([] if thaws else ["run run-1: not every suspended process could be resumed"])


def test_the_keeper_knows_a_run_each_suspension_before_it_and_each_lease(made, live):
    live.own_group, live.fail = Job(), "closed"
    made.begin(live)
    made.lease(live, 30.0)
    live.own_group.listener(Halt(7, 70, 0))
    made.lease(live, None)
    made.end(live)
    assert Keeper.started[0].told == [
        ("add", "run-1", live.own_group, "closed", known(live)), ("lease", "run-1", 30.0, "kill"), ("halt", "run-1", Halt(7, 70, 0)),
        ("clear", "run-1"), ("drop", "run-1"),
    ]  # fmt: skip
    made.close()
    assert Keeper.started[0].told[-1] == ("close",)


def test_a_run_that_was_found_and_not_gathered_is_nothing_to_the_keeper(made, live):
    made.begin(live)
    assert Keeper.started[0].told == []


def test_a_keeper_that_died_is_replaced_by_a_look_and_the_new_one_knows_all(made, live):
    live.own_group = Job()
    made.runs["run-1"] = live
    made.begin(live)
    live.own_group.halts = [Halt(7, 70, 0)]
    made.holds.append(SimpleNamespace(run="run-1", seconds=60.0))
    made.tick()
    assert len(Keeper.started) == 1
    Keeper.started[0].broken = True
    made.tick()
    assert made.alarms == [("keeper-lost", "high")]
    assert Keeper.started[1].told == [
        ("add", "run-1", live.own_group, "open", known(live)), ("halt", "run-1", Halt(7, 70, 0)),
        ("lease", "run-1", 60.0 + LEASE_MARGIN_S, "release"), ("look",),
    ]  # fmt: skip


def test_without_any_keeper_it_goes_on_and_says_so(made, live, monkeypatch):
    live.own_group = Job()
    Keeper.started[0].broken = True

    def refused(_log):
        raise KeeperError("no more processes")

    monkeypatch.setattr(Keeper, "start", refused)
    made.begin(live)
    made.lease(live, 30.0)
    made.end(live)
    assert made.alarms == [("keeper-lost", "high"), ("no-keeper", "critical")]


def test_a_cut_network_is_joined_at_the_end_and_a_rule_that_stays_is_said(made, live):
    live.network = SimpleNamespace(join=lambda: Outcome("failed", "rule lictor-1 is still there"))
    made.end(live)
    assert made.said == ["run run-1: rule lictor-1 is still there"]
    assert live.network is None


def test_the_network_is_that_of_the_programs_that_run_now(made, live, monkeypatch):
    def program(pid):
        if pid == 8:
            raise OSError("it has ended")
        return r"C:\agent.exe"

    monkeypatch.setattr(on_windows.process, "program", program)
    assert list(made._programs(live)) == [r"C:\agent.exe"]
    assert made.reach(live).network() is made.reach(live).network()


def test_a_dry_run_acts_on_nothing(made):
    assert isinstance(made.dry(), DryRun)
