from __future__ import annotations

from types import SimpleNamespace

import pytest

from enforcer.dry_run import DryRun
from enforcer.interface import Outcome
from lictor.enforcing import on_windows
from lictor.enforcing.machine import Parts
from lictor.enforcing.on_windows import WindowsMachine


@pytest.fixture
def made(tmp_path):
    """A machine whose reports are its ``said``."""
    said = []
    collector = SimpleNamespace(kernel=None)
    parts = Parts(collector, {}, tmp_path, (), lambda _: [(7, 70), (8, 80)], lambda: (), None, said.append, said.append)
    machine = WindowsMachine(parts)
    machine.said = said
    return machine


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_right_that_is_missing_is_said_once_at_the_start(made, tmp_path, monkeypatch, confirmed):
    told = Outcome("confirmed" if confirmed else "failed", "SeDebugPrivilege is not held")
    monkeypatch.setattr(on_windows, "enable", lambda: told)
    made.open(tmp_path / "log")
    assert made.said == ([] if confirmed else ["SeDebugPrivilege is not held"])


def test_a_found_run_is_gathered_into_a_job_once_and_given_back(made, live, monkeypatch):
    gathered = []

    class Group:
        released = False

        def release(self):
            self.released = True

    def gather(known, _check, *, fail):
        gathered.append((list(known()), fail))
        return Group()

    monkeypatch.setattr(on_windows, "gather", gather)
    made.prepare(live)
    group = made.reach(live).gather()
    assert gathered == [([(7, 70), (8, 80)], "open")]
    made.end(live)
    assert group.released
    assert live.adopted is None


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
