"""The command's side of the red switch, with services in threads: the file first, then everybody is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from collectors.identity import process_key_from_proc
from lictor.control import pausing, throwing
from lictor.control.throwing import switch
from lictor.errors import LictorError
from lictor.system.posix import user_name
from lictor.telling.folder import RunInfo, make
from tests.lictor.control.conftest import BECOME, GROUP, NOBODY, Book, needs_root, served

pytestmark = pytest.mark.usefixtures("runtime")


@pytest.fixture
def service():
    """Function: a service in a thread that follows the file, or does as it is told."""
    with ExitStack() as stack:

        def begin(follow=lambda: pausing.paused() is not None, **options):
            return stack.enter_context(served(Book(), follow=follow, group=lambda: GROUP, **options))

        yield begin


@needs_root
def test_nobody_runs_yet():
    done = switch("pause", "false alarms")
    assert done.lines == [
        "paused: nothing is enforced until lictor resume; all is recorded",
        "no service is running here; one that starts later begins so",
    ]
    assert done.refused == []
    state = pausing.paused()
    assert (state.who, state.why, state.login) == (user_name(os.geteuid()), "false alarms", None)
    assert switch("resume", None).lines[0] == "resumed: policies are enforced"
    assert pausing.paused() is None
    assert switch("resume", None).lines[0] == "nothing was paused"


@needs_root
def test_each_service_is_told_and_says_what_it_does(service):
    service()
    service()
    done = switch("pause", "false alarms")
    assert done.lines[1:] == [f"service {os.getpid()}: confirmed: it enforces nothing"] * 2
    assert switch("resume", None).lines[1:] == [f"service {os.getpid()}: confirmed: it enforces again"] * 2


@needs_root
def test_the_file_is_there_when_services_are_told(service):
    seen = []
    service(lambda: seen.append(pausing.paused().who) or True)
    switch("pause", None)
    assert seen == [user_name(0)]


@needs_root
def test_one_that_does_not_follow_is_told_apart(service):
    service()
    service(lambda: False)
    done = switch("pause", None)
    assert done.refused == [f"service {os.getpid()}: failed: it goes on as before"]
    assert len(done.lines) == 2


@needs_root
def test_one_that_refuses_is_told_apart(service):
    service(is_agent=lambda _pid: True)
    done = switch("pause", None)
    assert "an agent decides nothing" in done.refused[0]
    assert pausing.paused() is not None


SWITCH = f"""\
{BECOME}
from lictor.control.throwing import switch
from lictor.errors import LictorError
become(*json.loads(sys.argv[1]))
try:
    done = switch(sys.argv[2], "why not")
    print(done.lines, done.refused)
except LictorError as error:
    print(error)
"""


def switch_as(who, do):
    done = subprocess.run(
        [sys.executable, "-c", SWITCH, json.dumps(who), do], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


@needs_root
def test_a_member_of_the_group_pauses_by_way_of_the_services(service):
    service()
    said = switch_as((NOBODY, NOBODY, [GROUP]), "pause")
    assert said == f"['service {os.getpid()}: confirmed: it enforces nothing'] []\n"
    assert (pausing.paused().who, pausing.paused().why) == ("nobody", "why not")
    assert "it enforces again" in switch_as((NOBODY, NOBODY, [GROUP]), "resume")
    assert pausing.paused() is None


@needs_root
def test_anybody_else_does_not(service):
    service()
    assert "user nobody may not decide" in switch_as((NOBODY, NOBODY, []), "pause")
    assert pausing.paused() is None


@needs_root
def test_without_a_service_only_root_can():
    assert switch_as((NOBODY, NOBODY, [GROUP]), "pause") == (
        "[] ['no service is running here, and only root can pause those that start later']\n"
    )


@needs_root
@pytest.mark.parametrize("do", ["pause", "resume"])
def test_not_from_within_a_run(do):
    """This process is made the root of a run, as the folder of one says."""
    make(RunInfo("r-1", "agent", os.getpid(), process_key_from_proc(os.getpid()), 0))
    with pytest.raises(LictorError, match="belongs to run r-1: an agent neither pauses nor resumes"):
        switch(do, None)
    assert pausing.paused() is None


@needs_root
def test_who_had_logged_in_is_noted(monkeypatch):
    monkeypatch.setattr(throwing, "login_of", lambda _pid: "anna")
    switch("pause", None)
    assert pausing.paused().login == "anna"
