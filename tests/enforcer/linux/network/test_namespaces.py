"""A diagnostic socket shows the namespace that it was made for, and our own threads stay where they are."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from contextlib import ExitStack

import pytest

from enforcer.linux.network.namespaces import Namespaces, opened_in

pytestmark = pytest.mark.kernel

SERVER = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"


@pytest.fixture
def elsewhere():
    """A namespace of its own, and the port of a listener in it."""
    up = "ip link set lo up && exec python3 -c " + f'"{SERVER}"'
    with subprocess.Popen(
        ["unshare", "-n", "sh", "-c", up], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        port = child.stdout.readline().strip()
        descriptor = os.open(f"/proc/{child.pid}/ns/net", os.O_RDONLY)
        yield descriptor, port
        os.close(descriptor)
        child.stdin.close()


def listeners(diag):
    return {str(s).rpartition(":")[2] for s in diag.sockets() if s.state == 10}


@pytest.fixture
def ours():
    descriptor = os.open("/proc/self/ns/net", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_each_namespace_shows_its_own_sockets(elsewhere, ours):
    descriptor, port = elsewhere
    with opened_in(descriptor) as there, opened_in(ours) as here:
        assert listeners(there) == {port}
        shown = subprocess.run(["ss", "-Htln"], capture_output=True, text=True, check=True).stdout.split("\n")
        assert listeners(here) >= {line.split()[3].rpartition(":")[2] for line in shown if line}


def test_nobody_of_us_moves(elsewhere):
    before = {t: os.readlink(f"/proc/self/task/{t}/ns/net") for t in os.listdir("/proc/self/task")}
    threads = threading.active_count()
    opened_in(elsewhere[0]).close()
    assert {t: os.readlink(f"/proc/self/task/{t}/ns/net") for t in before} == before
    assert threading.active_count() == threads


def test_a_namespace_is_entered_once(elsewhere, ours):
    descriptors = len(os.listdir("/proc/self/fd"))
    with Namespaces() as spaces, ExitStack() as stack:
        first = spaces.enter(elsewhere[0])
        assert first is not None
        other = os.open(f"/proc/self/fd/{elsewhere[0]}", os.O_RDONLY)
        stack.callback(os.close, other)
        assert spaces.enter(other) is None
        assert spaces.enter(ours) is not None
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_what_is_no_namespace_is_refused():
    descriptor = os.open("/dev/null", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="Errno") as raised, Namespaces() as spaces:
            spaces.enter(descriptor)
        assert raised.value.errno == errno.EINVAL
    finally:
        os.close(descriptor)
