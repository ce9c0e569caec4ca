"""A sweep finds what the processes of a cgroup hold and what was made in it, and tells apart what it did to which.

That nothing passes afterwards is shown in ``tests/kernel/test_isolation.py``; here is what a sweep says of it.
"""

from __future__ import annotations

import errno
import os
import socket
from types import SimpleNamespace

import pytest

from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.network import silence
from enforcer.linux.network.sock_diag import SockDiag
from enforcer.linux.network.sweep import ROUNDS, Sweeper
from tests.kernel.talker import Talker, listener, received

pytestmark = pytest.mark.kernel


@pytest.fixture
def group(place):
    with RunCgroup.create("r", [place]) as made:
        yield made
        made.kill()
        made.wait_empty(5)


@pytest.fixture
def server():
    with listener("127.0.0.1") as made:
        yield made


@pytest.fixture
def inside(group, server):
    """A member with one connection made in the group."""
    talker = Talker(group)
    talker.connect(server.getsockname())
    talker.peer = server.accept()[0]
    yield talker
    talker.close()


@pytest.fixture
def before(group, server):
    """A member whose connection was made before it became one."""
    talker = Talker()
    talker.connect(server.getsockname())
    talker.peer = server.accept()[0]
    group.add(talker.pid)
    yield talker
    talker.close()


def nobody():
    return ()


def test_what_was_made_in_the_group_is_destroyed_and_nothing_else_is_done_to_it(group, inside):
    swept = Sweeper(group, nobody).sweep()
    assert swept.ended == {"tcp": 1}
    assert (swept.silenced, swept.foreign, swept.left, swept.live) == (set(), set(), set(), 0)
    assert swept.members == {inside.pid}
    assert swept.settled
    assert received(inside.peer) == "reset"
    assert inside("s.getsockopt(socket.SOL_SOCKET, 44)") == 0  # no filter


def test_what_was_made_elsewhere_is_silenced_too(group, before):
    number = before("os.fstat(s.fileno()).st_ino")
    swept = Sweeper(group, nobody).sweep()
    assert swept.ended == {"tcp": 1}
    assert swept.silenced == swept.foreign == {number}
    assert swept.settled
    assert before("s.getsockopt(socket.SOL_SOCKET, 44)") == 1


def test_a_second_sweep_does_what_came_since_and_no_more(group, inside, server):
    sweeper = Sweeper(group, nobody)
    sweeper.sweep()
    again = sweeper.sweep()
    assert (dict(again.ended), again.foreign) == ({}, set())
    inside.connect(server.getsockname(), "t")
    assert sweeper.sweep().ended == {"tcp": 1}


def test_processes_are_taken_from_the_group_and_from_who_asks(group, inside, server):
    away = Talker()
    away.connect(server.getsockname())
    peer = server.accept()[0]
    swept = Sweeper(group, lambda: [away.pid]).sweep()
    assert swept.members == {inside.pid, away.pid}
    assert swept.outside == {away.pid}
    assert received(peer) == "reset"
    away.close()


def test_a_pid_that_is_the_runs_no_more_when_it_is_looked_at_is_left_alone(group, server):
    away = Talker()
    away.connect(server.getsockname())
    answers = iter([[away.pid], []] * ROUNDS)
    swept = Sweeper(group, lambda: next(answers)).sweep()
    assert (swept.members, swept.outside, dict(swept.ended)) == (set(), set(), {})
    away("s.send(b'whole')")
    assert received(server.accept()[0]) == b"whole"
    away.close()


def test_we_ourselves_and_the_dead_are_left_out(group):
    ended = Talker()
    ended.close()
    swept = Sweeper(group, lambda: [os.getpid(), ended.pid, 0, -1]).sweep()
    assert (swept.members, swept.left, swept.settled) == (set(), set(), True)


def test_an_own_socket_beside_the_runs_is_left_alone(group, inside, server):
    with socket.create_connection(server.getsockname()) as ours, server.accept()[0] as peer:
        Sweeper(group, nobody).sweep()
        ours.send(b"x")
        assert received(peer) == b"x"


def test_what_is_harmless_is_counted_by_kind(group):
    ours, its = socket.socketpair()
    talker = Talker(group, pass_fds=[its.fileno()])
    talker("n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)")
    swept = Sweeper(group, nobody).sweep()
    assert sorted(kind for kind, _ in swept.harmless) == ["netlink", "unix"]
    assert not swept.left
    talker.close()
    ours.close()
    its.close()


def test_a_kernel_that_destroys_nothing_leaves_what_was_made_elsewhere(group, inside, before, monkeypatch):
    """As without CONFIG_INET_DIAG_DESTROY. Of the group's own sockets the programs hold back all packets."""
    monkeypatch.setattr(SockDiag, "destroy", lambda _self, wanted: [errno.EOPNOTSUPP] * len(wanted))
    swept = Sweeper(group, nobody).sweep()
    assert swept.live == 1
    (told,) = swept.left
    assert told.startswith("tcp 127.0.0.1:")
    assert told.endswith("cannot be destroyed: Operation not supported")


def test_a_kernel_that_hands_out_no_sockets_is_told(group, before, monkeypatch):
    """As before 5.6, or where another security module forbids it."""

    def refuse(_holder, _held):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(silence, "take", refuse)
    swept = Sweeper(group, nobody).sweep()
    assert f"a socket of process {before.pid} cannot be taken: Operation not permitted" in swept.left
    assert swept.ended == {"tcp": 1}
    assert received(before.peer) == "reset"


def test_sockets_that_never_end_are_not_waited_for_for_ever(group, monkeypatch):
    numbers = iter(range(10**9, 10**9 + 1000))
    held = SimpleNamespace(fd=0)
    talker = Talker(group)

    def always_a_new_one(process):
        held.inode = next(numbers)
        return [(process.pid, [held])]

    monkeypatch.setattr("enforcer.linux.network.held.sockets", always_a_new_one)
    monkeypatch.setattr(silence, "take", lambda *_: socket.socket(2, 2, socket.IPPROTO_UDP))
    swept = Sweeper(group, nobody).sweep()
    assert not swept.settled
    assert len(swept.silenced) == ROUNDS
    talker.close()


def test_no_descriptor_stays_open(group, inside, before):
    count = len(os.listdir("/proc/self/fd"))
    Sweeper(group, nobody).sweep()
    assert len(os.listdir("/proc/self/fd")) == count
