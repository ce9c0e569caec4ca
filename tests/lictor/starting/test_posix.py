from __future__ import annotations

import signal
import subprocess
from types import SimpleNamespace

import pytest

from enforcer.linux.cgroupfs import CgroupError
from lictor.starting import posix
from tests.seams import functions


def test_both_systems_start_a_command_by_the_same_names():
    ours, theirs = functions("lictor/starting/posix.py"), functions("lictor/starting/windows.py")
    assert set(ours) == set(theirs)


def test_only_ctrl_c_comes_from_a_terminal(monkeypatch):
    monkeypatch.setattr(posix.os, "isatty", lambda _: True)
    monkeypatch.setattr(posix.os, "tcgetpgrp", lambda _: 5)
    monkeypatch.setattr(posix.os, "getpgrp", lambda: 5)
    assert posix.from_terminal(signal.SIGINT)
    assert not posix.from_terminal(signal.SIGTERM)
    monkeypatch.setattr(posix.os, "getpgrp", lambda: 6)
    assert not posix.from_terminal(signal.SIGINT)


def test_where_no_cgroup_can_be_had_the_command_runs_without_and_that_is_said(monkeypatch):
    def refuse(*_, **__):
        raise CgroupError("read-only")

    said = []
    monkeypatch.setattr(posix, "reap_stale", lambda: [SimpleNamespace(run="old", what="killed")])
    monkeypatch.setattr(posix.RunCgroup, "create", refuse)
    assert posix.own_group(SimpleNamespace(pid=1), "r", "open", said.append) is None
    assert said[0] == "run old was left by a Lictor that died: killed"
    assert "read-only" in said[1]


@pytest.mark.alone
def test_what_is_still_in_the_group_is_ended_with_it():
    said = []
    with subprocess.Popen(["sleep", "60"]) as child:
        group = posix.own_group(SimpleNamespace(pid=child.pid), "seam", "open", said.append)
        if group is None:
            child.kill()
            pytest.skip(said[-1])
        assert group.pids() == [child.pid]
        posix.dispose(group, 2.0)
        assert child.wait(5) == -signal.SIGKILL
    assert not group.directory.exists()
