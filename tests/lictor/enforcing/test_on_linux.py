from __future__ import annotations

from types import SimpleNamespace

import pytest

from enforcer.dry_run import DryRun
from enforcer.interface import KeeperError
from lictor.enforcing import on_linux
from lictor.enforcing.machine import Parts
from lictor.enforcing.on_linux import LinuxMachine
from tests.lictor.enforcing.keepers import Alarms, Keeper


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Function: a machine over a source with or without a kernel; its parts are its ``parts``."""
    monkeypatch.setattr(on_linux, "Keeper", Keeper)
    monkeypatch.setattr(Keeper, "started", [])

    def make(kernel=None):
        collector = SimpleNamespace(kernel=kernel, let_go=lambda _: None, isolated=lambda _: False)
        parts = Parts(collector, {}, tmp_path / "lake", (), lambda _: [], lambda: (), Alarms(), print, lambda _: None)
        machine = LinuxMachine(parts)
        machine.parts = parts
        machine.open(tmp_path / "keeper.jsonl")
        return machine

    return make


def known(live):
    """What it is told of a run that has no group yet."""
    return ("add", "run-1", None, live.root_pid, live.root_key, live.fail, [])


def test_a_source_that_looks_from_beside_stops_by_signals_and_cuts_no_network(made, live):
    reach = made().reach(live)
    assert reach.signals is not None
    assert reach.network is None


def test_the_sensor_needs_no_signals_and_cuts_the_network(made, live):
    reach = made(kernel=object()).reach(live)
    assert reach.signals is None
    assert reach.network is not None


def test_the_keeper_knows_a_run_before_it_is_frozen_and_forgets_it_at_its_end(made, live):
    machine = made()
    machine.begin(live)
    machine.lease(live, 60.0)
    machine.lease(live, None)
    machine.end(live)
    (keeper,) = Keeper.started
    assert keeper.told == [
        known(live), known(live), ("lease", "run-1", 60.0, "release"), ("clear", "run-1"), ("drop", "run-1"),
    ]  # fmt: skip


def test_a_keeper_that_died_is_replaced_and_that_is_an_alarm(made, live):
    machine = made()
    Keeper.started[0].broken = True
    machine.begin(live)
    assert machine.parts.alarms == [("keeper-lost", "high")]
    assert Keeper.started[1].told == [known(live)]


def test_a_keeper_that_died_is_found_out_by_a_look(made, live):
    machine = made()
    machine.tick()
    assert Keeper.started[0].told == [("look",)]
    Keeper.started[0].broken = True
    machine.tick()
    assert machine.parts.alarms == [("keeper-lost", "high")]
    assert Keeper.started[1].told == [("look",)]


def test_without_any_keeper_it_goes_on_and_says_so(made, live, monkeypatch):
    machine = made()
    Keeper.started[0].broken = True

    def refused(_log):
        raise KeeperError("no more processes")

    monkeypatch.setattr(Keeper, "start", refused)
    machine.begin(live)
    assert machine.parts.alarms == [("keeper-lost", "high"), ("no-keeper", "critical")]


def test_a_dry_run_acts_on_nothing(made):
    assert isinstance(made().dry(), DryRun)
