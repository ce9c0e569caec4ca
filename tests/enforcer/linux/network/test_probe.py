"""A try from within tells what a member of the cgroup would get, and leaves no process behind."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import time

import psutil
import pytest

from collectors.kernel.libbpf import KernelRefusalError
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.network import probe, programs


@pytest.fixture
def group(place):
    with RunCgroup.create("r", [place]) as made:
        yield made


def children():
    """Pids of ours, ended ones that nobody waited for too; fixtures of other tests may have some."""
    return {child.pid for child in psutil.Process().children()}


@pytest.fixture(autouse=True)
def nobody_stays():
    """No child of the test is left, and no descriptor."""
    with contextlib.suppress(KernelRefusalError):
        programs.load()  # once for the process, and kept
    before, others = len(os.listdir("/proc/self/fd")), children()
    yield
    assert len(os.listdir("/proc/self/fd")) == before
    assert children() <= others


def test_without_hindrance_it_connects(group):
    assert probe.connect_from(None) == 0
    assert probe.connect_from(group.directory) == 0
    assert group.wait_empty(2)


@pytest.mark.kernel
def test_where_it_is_refused_it_says_so(group):
    ours = programs.Programs()
    ours.attach(group.descriptor)
    try:
        assert probe.connect_from(group.directory) == errno.EPERM
        assert probe.connect_from(None) == 0
    finally:
        ours.detach()


def test_the_child_is_tagged_before_it_connects_and_is_in_the_group_then(group):
    seen = []

    def tag(pid):
        until = time.monotonic() + 5
        while group.pids() != [pid]:
            assert time.monotonic() < until
        seen.append(pid)

    assert probe.connect_from(group.directory, tag) == 0
    assert len(seen) == 1
    assert seen != [os.getpid()]


def test_nothing_that_we_hold_comes_into_the_group(group):
    """The child may be met by a sweep of the run's sockets, and ours are not the run's."""
    seen = []

    def tag(pid):
        until = time.monotonic() + 5
        while group.pids() != [pid]:
            assert time.monotonic() < until
        seen.extend(os.readlink(f"/proc/{pid}/fd/{fd}").partition(":")[0] for fd in os.listdir(f"/proc/{pid}/fd"))

    with socket.socket(), socket.create_server(("127.0.0.1", 0)):
        assert probe.connect_from(group.directory, tag) == 0
    assert sorted(seen) == sorted([f"{group.directory}/cgroup.procs", "socket"])


def test_a_child_that_stands_still_gives_no_answer_in_time(group):
    began = time.monotonic()
    assert probe.connect_from(None, lambda pid: os.kill(pid, signal.SIGSTOP), timeout=0.1) is None
    assert time.monotonic() - began < 2


def test_in_a_frozen_group_there_is_no_answer(group):
    assert group.freeze()
    assert probe.connect_from(group.directory, timeout=0.1) is None
    assert group.thaw()


def test_a_child_that_is_killed_gives_no_answer(group):
    assert probe.connect_from(None, lambda pid: os.kill(pid, signal.SIGKILL)) is None
    assert probe.connect_from(None, lambda pid: (os.kill(pid, signal.SIGKILL), time.sleep(0.1))) is None


def test_no_group_is_told(group):
    group.remove()
    with pytest.raises(FileNotFoundError):
        probe.connect_from(group.directory)


def test_a_tag_that_is_refused_is_passed_on():
    def refuse(_pid):
        raise RuntimeError("no tag")

    with pytest.raises(RuntimeError, match="no tag"):
        probe.connect_from(None, refuse)


def test_a_connect_that_gets_no_answer_is_given_up(monkeypatch):
    """A listener whose queue is full answers nobody."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    first = socket.create_connection(full.getsockname())
    second = socket.socket()
    second.setblocking(False)
    second.connect_ex(full.getsockname())
    monkeypatch.setattr(probe.socket, "create_server", lambda *_a, **_k: full)
    assert probe.connect_from(None, timeout=0.1) is None
    for made in (first, second, full):
        made.close()


def test_when_the_parent_dies_the_child_goes(group):
    """As when Lictor is killed in the middle: nothing of it may stay in the run's cgroup."""
    parent = os.fork()
    if parent == 0:
        probe.connect_from(group.directory, lambda _pid: os.kill(os.getpid(), signal.SIGKILL))
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(parent, 0)[1]) == signal.SIGKILL
    assert group.wait_empty(2)
