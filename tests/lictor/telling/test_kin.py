"""Who is told when a process is gone, against real processes; and that a key gives back its pid."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.identity import TICK_NS, boot_id, process_key_from_proc, process_keys
from lictor.telling.kin import kin_of, pid_of
from lictor.telling.stopped import Who


@given(st.integers(0, 2**42 - 1), st.integers(1, 2**22 - 1))
def test_a_key_gives_back_its_pid(ticks, pid):
    start = np.array([min(ticks, (2**63 - 1) // TICK_NS) * TICK_NS], np.int64)
    assert pid_of(int(process_keys(boot_id(), start, np.array([pid], np.int32))[0])) == pid


def test_the_key_of_a_real_process_does():
    assert pid_of(process_key_from_proc(os.getpid())) == os.getpid()
    assert pid_of(process_key_from_proc(1)) == 1


@pytest.fixture
def family():
    """A process as a root, a child of it, and the key that a grandchild had that is gone; ended after the test."""
    code = (
        "import os, subprocess, sys\n"
        "from collectors.identity import process_key_from_proc as key\n"
        "p = subprocess.Popen(['true']); gone = p.pid, key(p.pid); p.wait()\n"
        "print(os.getpid(), key(os.getpid()), *gone, flush=True)\n"
        "input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        pid, key, gone, gone_key = map(int, process.stdout.readline().split())
        yield Who(gone, gone_key, key, 1, process_key_from_proc(1)), pid
        process.kill()


def test_of_one_that_is_gone_the_parent_is_told_and_then_the_root(family):
    who, parent = family
    assert not os.path.exists(f"/proc/{who.pid}")
    assert list(kin_of(who)) == [parent, 1]


def test_one_that_lives_is_told_itself_and_nobody_else(family):
    who, parent = family
    assert list(kin_of(who._replace(pid=parent, process_key=who.parent_key))) == [parent]


def test_a_zombie_and_those_it_comes_from(family):
    who, parent = family
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        key = process_key_from_proc(process.pid)
        assert list(kin_of(who._replace(pid=process.pid, process_key=key))) == [process.pid, parent, 1]


def test_another_process_with_the_pid_is_nobody(family):
    who, _ = family
    other = who._replace(pid=os.getpid(), process_key=5, parent_key=who.parent_key ^ 1, root_key=7)
    assert list(kin_of(other)) == []


def test_what_is_not_known_is_left_out(family):
    who, parent = family
    assert list(kin_of(Who(None, None))) == []
    assert list(kin_of(who._replace(root_pid=None, root_key=None))) == [parent]
    assert list(kin_of(who._replace(parent_key=None))) == [1]
    assert list(kin_of(who._replace(pid=None, process_key=None))) == [parent, 1]
    assert list(kin_of(Who(-1, 3, 0, 2**22 + 5, 9))) == []
