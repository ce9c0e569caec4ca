from __future__ import annotations

import sys

import pytest

from enforcer.interface import Outcome
from lictor.probes import windows
from lictor.probes.check import FAIL, OK, WARN
from lictor.winservice.steps import Step


@pytest.mark.parametrize(("uid", "state"), [(0, OK), (1, WARN)])
def test_who_runs_it(uid, state):
    assert windows.administrator(lambda: uid).state == state


@pytest.mark.parametrize("name", windows.PRIVILEGES)
def test_a_right_is_believed_when_it_was_read_back(name):
    assert windows.privilege(name, lambda _: Outcome("confirmed", "on")).state == OK
    refused = windows.privilege(name, lambda _: Outcome("failed", "not held"))
    assert (refused.state, refused.found, refused.costs) == (WARN, "not held", windows.PRIVILEGES[name])


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_there_is_no_windows():
    assert windows.version().state == FAIL


def test_a_package_that_is_missing_is_named_with_its_version():
    assert windows.library(lambda: None).state == OK
    missing = windows.library(lambda: "no module named etw")
    assert (missing.state, missing.fix) == (WARN, "pip install pywintrace==0.2.0")


def test_drives_are_listed_and_none_is_a_defect():
    assert windows.drives(lambda: [(r"\Device\HarddiskVolume3", "C:")]).found == r"C: \Device\HarddiskVolume3"
    assert windows.drives(list).state == FAIL


def stands(**states):
    return lambda: [Step(name, state, f"about {name}") for name, state in states.items()]


def test_a_service_that_is_not_installed_is_a_warning_and_one_that_does_not_run_a_failure():
    missing = windows.service(stands(service="failed"))
    assert (missing.state, "winservice install" in missing.fix) == (WARN, True)
    ended = windows.service(stands(service="confirmed", running="failed", home="failed"))
    assert (ended.state, ended.costs) == (FAIL, "agents are not watched")
    assert ended.found == "running: about running; home: about home"
    assert windows.service(stands(service="confirmed", running="confirmed", home="failed")).state == FAIL


def test_what_could_not_be_read_back_of_a_service_is_told():
    told = windows.service(stands(service="confirmed", running="confirmed", recovery="unverified"))
    assert (told.state, told.found) == (WARN, "recovery: about recovery")
    assert windows.service(stands(service="confirmed", running="confirmed")).state == OK
