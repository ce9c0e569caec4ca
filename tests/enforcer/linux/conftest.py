"""Process trees for tests that stop, move and end them, and what ``/proc`` says of each process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from collectors.identity import process_key_from_proc
from enforcer.linux import cgroupfs

TREE = """
setsid sleep 300 &
(setsid sh -c 'sleep 300 & sleep 301 &' &)
sh -c 'sleep 300; sleep 1' &
echo ready
read line
exec sleep 300
"""
_GROWN = ["sh", "sh", "sleep", "sleep", "sleep", "sleep"]
"""A shell, a child in a session of its own, two orphans, and a child with a child."""


class Tree:
    """A process tree; each of its processes bears the mark in its environment, wherever it goes."""

    def __init__(self, marked, script=TREE, group=None):
        self.mark = f"LICTOR_TEST={uuid.uuid4().hex}"
        self._marked = marked
        self.process = subprocess.Popen(
            ["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | dict([self.mark.split("=")]), preexec_fn=(lambda: group.add(0)) if group else None,  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        assert self.process.stdout.readline() == b"ready\n"
        self.pid = self.process.pid
        self.key = process_key_from_proc(self.pid)
        while script == TREE and sorted(map(_name, self.pids())) != _GROWN:
            time.sleep(0.005)

    def pids(self):
        return self._marked(self.mark)

    def tagged(self):
        """What the sensor would say."""
        found = []
        for pid in self.pids():
            try:
                found.append((pid, process_key_from_proc(pid)))
            except ProcessLookupError:
                continue
        return found

    def end(self):
        while pids := self.pids():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            # A member of a frozen group of the test's own dies all the same; what else lives on has forked.
            time.sleep(0.005)
        self.process.communicate()


def _name(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"


@pytest.fixture
def grow(marked):
    """Function: a process tree, in a group or where the test is; ended with the test."""
    trees = []

    def make(script=TREE, group=None):
        trees.append(Tree(marked, script, group))
        return trees[-1]

    yield make
    for tree in trees:
        tree.end()


@pytest.fixture
def state():
    """Function: state of a process as ``/proc`` shows it; ``None`` when it is gone."""

    def look(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
        except OSError:
            return None

    return look


@pytest.fixture
def group_of():
    """Function: cgroup of a process as ``/proc`` names it."""
    return lambda pid: cgroupfs.own_cgroup(Path(f"/proc/{pid}/cgroup").read_text())


@pytest.fixture
def until():
    """Function: wait until a condition holds; false when it does not within five seconds."""

    def wait(condition, seconds=5.0):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.003)
        return True

    return wait


@pytest.fixture
def stop(until, state):
    """Function: stop a process with SIGSTOP, and see it stopped."""

    def halt(pid):
        os.kill(pid, signal.SIGSTOP)
        assert until(lambda: state(pid) == "T")

    return halt
