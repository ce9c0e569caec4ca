from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

import pytest

from enforcer.dry_run import DryRun
from enforcer.linux.keeper import KeeperError
from lictor.enforcing import on_linux
from lictor.enforcing.machine import Parts
from lictor.enforcing.on_linux import LinuxMachine


class Alarms(list):
    def raise_(self, name, _title, severity):
        self.append((name, severity))


class Keeper:
    """Writes down what it is told; fails while ``broken``."""

    started: ClassVar = []

    def __init__(self):
        self.told, self.broken = [], False
        Keeper.started.append(self)

    @classmethod
    def start(cls, _log):
        return cls()

    def __getattr__(self, name):
        def tell(*arguments):
            if self.broken:
                raise KeeperError("it is gone")
            self.told.append((name, arguments[0] if arguments else None))

        return tell


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
        ("add", "run-1"),
        ("add", "run-1"),
        ("lease", "run-1"),
        ("clear", "run-1"),
        ("drop", "run-1"),
    ]


def test_a_keeper_that_died_is_replaced_and_that_is_an_alarm(made, live):
    machine = made()
    Keeper.started[0].broken = True
    machine.begin(live)
    assert machine.parts.alarms == [("keeper-lost", "high")]
    assert Keeper.started[1].told == [("add", "run-1")]


def test_a_keeper_that_died_is_found_out_by_a_look(made, live):
    machine = made()
    machine.tick()
    assert Keeper.started[0].told == [("look", None)]
    Keeper.started[0].broken = True
    machine.tick()
    assert machine.parts.alarms == [("keeper-lost", "high")]
    assert Keeper.started[1].told == [("look", None)]


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
