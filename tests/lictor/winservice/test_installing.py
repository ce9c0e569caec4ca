from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.winservice import configuring, eventlog, installing, manager, sealing, trust
from lictor.winservice.names import NAME
from lictor.winservice.settings import ServiceSettings, command

POLICY = "lictor: 1\nname: a\nrules:\n  - { id: x, on: exec, match: { argv: evil }, action: kill }\n"


@pytest.fixture
def machine(services, lists, monkeypatch):
    sources = {}
    monkeypatch.setattr(sealing, "enable_ownership", lambda: None)
    monkeypatch.setattr(eventlog, "register", lambda: sources.setdefault("there", "source"))
    monkeypatch.setattr(eventlog, "is_registered", lambda: bool(sources))
    monkeypatch.setattr(installing, "PATIENCE_S", 0.05)
    return services


@pytest.fixture
def settings(tmp_path):
    return ServiceSettings(tmp_path / "Lictor")


@pytest.fixture
def source(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.yaml").write_text(POLICY)
    return tmp_path / "source"


def run(settings, source=None):
    return {step.name: step for step in installing.install(settings, source)}


ORDER = ["stopped", "home", "policies", "program", "service", "delayed start", "recovery", "event log", "running"]


def test_every_step_is_read_back(machine, settings, source):
    found = run(settings, source)
    assert list(found) == ORDER
    assert {step.state for step in found.values()} == {"confirmed"}
    assert manager.look(NAME).command == command(settings)
    assert (settings.home / "policies" / "a.yaml").read_text() == POLICY
    assert configuring.recovers(NAME)


def test_a_second_time_it_is_stopped_changed_and_started_again(machine, settings, source):
    run(settings, source)
    newer = ServiceSettings(settings.home, audit=True)
    found = run(newer)
    assert [name for name in ORDER if name != "policies"] == list(found)
    assert machine.called == ["start", "stop", "start"]
    assert manager.look(NAME).command == command(newer)
    assert (settings.home / "policies" / "a.yaml").exists()


def test_a_home_that_is_not_closed_is_the_end_of_it(machine, settings, source, lists):
    (settings.home / "policies").mkdir(parents=True)
    lists.of[settings.home / "policies"] = "O:BUG:SYD:(A;;FA;;;BU)"
    found = run(settings, source)
    assert list(found) == ["stopped", "home"]
    assert machine.known == {}


def test_a_refused_service_is_the_end_of_it_with_the_systems_words(machine, settings, source):
    machine.refuses["create"] = True
    found = run(settings, source)
    assert list(found)[-1] == "service"
    assert (found["service"].state, "Access is denied." in found["service"].evidence) == ("failed", True)


def test_what_the_system_does_not_keep_is_unverified_and_no_failure(machine, settings, source):
    machine.refuses["query 2"] = True
    found = run(settings, source)
    assert found["recovery"].state == "unverified"
    assert found["running"].state == "confirmed"


def test_one_that_does_not_run_says_why(machine, settings, source):
    machine.ends["start"] = 1
    (settings.home / "log").mkdir(parents=True)
    (settings.home / "log" / "service.log").write_text("begins\nended: two.yaml:3: nonsense\n")
    found = run(settings, source)
    assert found["running"].state == "failed"
    assert found["running"].evidence.endswith("two.yaml:3: nonsense")


def test_one_that_does_not_stop_is_told_of(machine, settings, source):
    run(settings, source)
    machine.ends["stop"] = 3
    assert {name: step.state for name, step in run(settings, source).items()} == {"stopped": "failed"}


def test_one_that_its_recovery_started_meanwhile_is_started_anew(machine, settings, source):
    run(settings, source)
    machine.called.clear()
    assert installing.running(settings.home).state == "confirmed"
    assert machine.called == ["stop", "start"]


def test_a_program_that_others_may_change_is_told_of(machine, settings, source, monkeypatch):
    monkeypatch.setattr(trust, "program_problems", lambda: ["a", "b", "c"])
    monkeypatch.setattr(trust, "machine_variables", lambda: ["PYTHONPATH"])
    step = run(settings, source)["program"]
    assert (step.state, step.evidence) == ("unverified", "a; b; c (and 1 more)")


def test_without_a_policy_nothing_is_begun(settings, source):
    with pytest.raises(LictorError, match="--audit"):
        installing.check(settings, None)
    installing.check(settings, source)
    installing.check(ServiceSettings(settings.home, audit=True), None)
    (settings.home / "policies").mkdir(parents=True)
    (settings.home / "policies" / "a.yaml").touch()
    installing.check(settings, None)


def test_a_service_that_said_nothing_has_no_last_line(tmp_path):
    assert installing.last_line(tmp_path) == ""
