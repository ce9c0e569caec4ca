from __future__ import annotations

from pathlib import Path

import pytest

from lictor.winservice import configuring, eventlog, installing, manager, sealing, status, trust
from lictor.winservice.configuring import Wanted
from lictor.winservice.names import HOME, NAME
from lictor.winservice.settings import ServiceSettings, command


@pytest.fixture
def home(services, lists, tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "enable_ownership", lambda: None)
    monkeypatch.setattr(eventlog, "is_registered", lambda: True)
    monkeypatch.setattr(trust, "program_problems", list)
    made = tmp_path / "my home"
    sealing.seal(made)
    configuring.put(Wanted(NAME, NAME, "about", command(ServiceSettings(made))))
    for act in (configuring.delay, configuring.recover):
        act(NAME)
    services.known[NAME].state = 4
    return made


def states():
    return {step.name: step.state for step in status.status()}


def test_all_is_well(home):
    assert states() == dict.fromkeys(
        ("service", "running", "delayed start", "recovery", "event log", "home", "program"), "confirmed"
    )


def test_no_service_is_one_line(services):
    (step,) = status.status()
    assert (step.state, "install" in step.evidence) == ("failed", True)


def test_one_that_ended_says_why(home, services):
    services.known[NAME].state = 1
    (home / "log" / "service.log").write_text("ended: no policy")
    step = status.running(manager.look(NAME), home)
    assert (step.state, step.evidence) == ("failed", "stopped, exit code 1066 (7); ended: no policy")


def test_a_home_that_was_opened_since_is_noticed(home, lists):
    lists.of[home / "policies"] = "O:BAG:SYD:(A;;FA;;;BA)(A;;FA;;;BU)"
    assert states()["home"] == "failed"


@pytest.mark.parametrize("path", ["/a/b", "/a b/c d", "/x"])
def test_the_home_is_the_one_that_the_service_was_told(path, services):
    configuring.put(Wanted(NAME, NAME, "", command(ServiceSettings(Path(path), audit=True))))
    assert status.home_of(manager.look(NAME)) == Path(path)
    configuring.put(Wanted(NAME, NAME, "", "python"))
    assert status.home_of(manager.look(NAME)) == HOME


def test_last_words_are_those_of_the_installations_log(home):
    assert installing.last_line(home) == ""
