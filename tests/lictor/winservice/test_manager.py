from __future__ import annotations

import sys

import pytest

from lictor.winservice import configuring, manager
from lictor.winservice.configuring import Wanted

WANTED = Wanted("Lictor", "Lictor", "about", '"C:\\a b\\python.exe" -I')


@pytest.fixture
def service(services):
    configuring.put(WANTED)
    return services.known["Lictor"]


def test_what_it_is_is_asked_of_the_system(services, service):
    found = manager.look("Lictor")
    assert (found.command, found.account, found.start, found.state) == (WANTED.command, "LocalSystem", 2, "stopped")
    assert (found.code, found.own_code) == (1066, 7)
    assert manager.look("Other") is None


def test_start_waits_until_it_runs_or_has_stopped(services, service):
    assert manager.start("Lictor", 1).state == "running"
    services.ends["start"] = 1
    service.state = 1
    assert manager.start("Lictor", 1).state == "stopped"


def test_waiting_has_an_end_and_says_what_was_seen_last(services, service):
    services.ends["start"] = 2
    assert manager.start("Lictor", 0.01).state == "starting"


def test_one_that_runs_is_told_to_stop_and_one_that_has_stopped_is_left_alone(services, service):
    manager.start("Lictor", 1)
    assert manager.stop("Lictor", 1).state == "stopped"
    assert manager.stop("Lictor", 1).state == "stopped"
    assert services.called == ["start", "stop"]
    assert manager.stop("Other", 1) is None


def test_one_that_stopped_by_itself_meanwhile_is_no_error(services, service, monkeypatch):
    def gone(*_):
        service.state = 1
        raise services.error(manager.NOT_ACTIVE)

    service.state = 4
    monkeypatch.setattr(services, "ControlService", gone)
    assert manager.stop("Lictor", 1).state == "stopped"


def test_what_is_refused_is_an_error(services, service, monkeypatch):
    def refused(*_):
        raise services.error(5)

    service.state = 4
    monkeypatch.setattr(services, "ControlService", refused)
    with pytest.raises(services.error):
        manager.stop("Lictor", 1)


def test_it_is_removed_once(services, service):
    manager.remove("Lictor")
    manager.remove("Lictor")
    assert services.called == ["delete"]
    assert manager.look("Lictor") is None


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_there_is_no_service_manager():
    with pytest.raises(OSError, match="only Windows"):
        manager.look("Lictor")
