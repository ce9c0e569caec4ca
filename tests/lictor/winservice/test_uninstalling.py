from __future__ import annotations

import pytest

from lictor.winservice import configuring, eventlog, installing, manager, uninstalling
from lictor.winservice.configuring import Wanted
from lictor.winservice.names import NAME


@pytest.fixture
def service(services, monkeypatch):
    sources = ["there"]
    monkeypatch.setattr(eventlog, "remove", sources.clear)
    monkeypatch.setattr(eventlog, "message_file", lambda: sources[0] if sources else None)
    monkeypatch.setattr(installing, "PATIENCE_S", 0.05)
    monkeypatch.setattr(uninstalling, "GONE_S", 0.05)
    configuring.put(Wanted(NAME, NAME, "about", "python"))
    services.known[NAME].state = 4
    return services


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home" / "lake").mkdir(parents=True)
    return tmp_path / "home"


def run(home, *, purge=False):
    return {step.name: step.state for step in uninstalling.uninstall(home, purge=purge)}


def test_it_is_stopped_and_gone_and_what_it_recorded_stays(service, home):
    assert run(home) == dict.fromkeys(("stopped", "service", "event log", "home"), "confirmed")
    assert service.called == ["stop", "delete"]
    assert manager.look(NAME) is None
    assert (home / "lake").is_dir()


def test_a_second_time_there_is_nothing_to_do(service, home):
    run(home)
    assert set(run(home).values()) == {"confirmed"}


def test_everything_goes_when_that_is_said(service, home):
    assert run(home, purge=True)["home"] == "confirmed"
    assert not home.exists()


def test_nothing_that_a_link_leads_to_is_removed(service, home, tmp_path):
    (tmp_path / "other").mkdir()
    (home / "lake" / "out").symlink_to(tmp_path / "other")
    assert run(home, purge=True)["home"] == "failed"
    assert (tmp_path / "other").is_dir()
    assert (home / "lake").is_dir()


def test_one_that_does_not_stop_is_left_as_it_is(service, home):
    service.ends["stop"] = 3
    assert run(home, purge=True) == {"stopped": "failed"}
    assert home.is_dir()
    assert manager.look(NAME) is not None


def test_one_that_stays_is_a_failure(service, home):
    service.refuses["delete"] = True
    assert run(home)["service"] == "failed"
