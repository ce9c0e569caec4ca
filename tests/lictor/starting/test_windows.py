from __future__ import annotations

from types import SimpleNamespace

import pytest

from lictor.errors import LictorError
from lictor.starting import windows


class Job:
    def __init__(self, *, fail):
        self.fail, self.did = fail, []

    def kill(self):
        self.did.append("kill")

    def wait_empty(self, seconds):
        self.did.append(("wait", seconds))

    def close(self):
        self.did.append("close")


@pytest.fixture
def made(monkeypatch):
    """Function: a command that is held; ``held`` is what was asked for."""
    held = []

    def hold(job, command, *, environment):
        held.append((job, command, environment))
        return SimpleNamespace(pid=7, handle=70, waits=True, go=lambda: None, close=lambda: None)

    monkeypatch.setattr(windows, "Job", Job)
    monkeypatch.setattr(windows, "hold", hold)
    make = lambda **more: windows.Child(["sh", "x"], **({"die_with_parent": True} | more))  # noqa: E731 - a fixture's one line
    make.held = held
    return make


def test_it_is_held_in_a_job_with_its_variables(made, monkeypatch):
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("KEPT", "2")
    child = made(environment={"LICTOR_RUN": "r"}, without=["SECRET"])
    (job, command, variables), *_ = made.held
    assert (job.fail, child.pid) == ("closed", 7)
    assert command[0].endswith("sh")
    assert command[1:] == ["x"]
    assert "SECRET" not in variables
    assert (variables["KEPT"], variables["LICTOR_RUN"]) == ("2", "r")
    assert made(die_with_parent=False).job.fail == "open"


def test_one_that_cannot_be_created_leaves_no_job(made, monkeypatch):
    jobs = []

    def refused(job, *_, **__):
        jobs.append(job)
        raise OSError("access denied")

    monkeypatch.setattr(windows, "hold", refused)
    with pytest.raises(LictorError, match="access denied; nothing was run"):
        made()
    assert jobs[0].did == ["close"]


def test_a_user_needs_a_password_and_is_refused(made):
    with pytest.raises(LictorError, match="nothing was run"):
        made(user="somebody")
    assert made.held == []


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 3), (0xC0000005, 0xC0000005 - (1 << 32))])
def test_its_status_is_a_signed_number(made, monkeypatch, code, status):
    child = made()
    monkeypatch.setattr(windows.process, "wait_ended", lambda *_: True)
    monkeypatch.setattr(windows.process, "exit_code", lambda _: code)
    assert child.wait() == status


def test_only_force_is_sent_since_a_console_sends_the_rest(made):
    child = made()
    child.send(2)
    assert child.job.did == []
    child.send(windows.FORCED)
    assert child.job.did == ["kill"]


def test_one_that_never_ran_is_ended(made):
    child = made()
    child.abandon()
    assert child.job.did == ["kill", "close"]


def test_what_is_left_in_the_job_is_ended():
    job = Job(fail="open")
    windows.dispose(job, 2.0)
    assert job.did == ["kill", ("wait", 2.0)]
    assert windows.own_group(SimpleNamespace(job=job), "r", "open", print) is job
