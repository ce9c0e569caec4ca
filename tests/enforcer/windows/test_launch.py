from __future__ import annotations

import pytest

from enforcer.windows import launch, process
from enforcer.windows.launch import environment_block
from enforcer.windows.structures import ProcessInformation


def test_block_is_ordered_as_windows_wants_it():
    assert environment_block({"b": "2", "A": "1", "C": ""}) == "A=1\0b=2\0C=\0"


class FakeJob:
    def __init__(self, done, *, refuses=False):
        self.done, self.refuses = done, refuses

    def take(self, handle):
        self.done.append(("assign", handle))
        if self.refuses:
            raise PermissionError(5, "no")


@pytest.fixture
def done(windows, target, monkeypatch):
    acts = []

    def create(_name, _line, _p, _t, _inherit, flags, _environment, _folder, _startup, made):
        acts.append(("create", flags & 4))
        into = target(made, ProcessInformation)
        into.process, into.thread, into.pid, into.tid = 64, 68, 8, 12
        return 1

    def act(name, result):
        return lambda handle, *_: acts.append((name, handle)) or result

    windows |= {
        "CreateProcessW": create, "ResumeThread": act("resume", 1), "TerminateProcess": act("end", 1),
        "CloseHandle": act("close", 1), "GetCurrentProcess": lambda: 1, "GetStdHandle": lambda _number: 0,
    }  # fmt: skip
    monkeypatch.setattr(process, "created", lambda _handle: 134_000_000_000_000_000)
    return acts


def test_process_is_in_the_job_before_it_runs(done):
    started = launch.launch(FakeJob(done), ["a.exe"])
    assert done == [("create", 4), ("assign", 64), ("resume", 68), ("close", 68)]
    assert (started.pid, started.handle) == (8, 64)


def test_process_that_cannot_be_put_in_never_runs(done):
    with pytest.raises(PermissionError):
        launch.launch(FakeJob(done, refuses=True), ["a.exe"])
    assert done == [("create", 4), ("assign", 64), ("end", 64), ("close", 64), ("close", 68)]
