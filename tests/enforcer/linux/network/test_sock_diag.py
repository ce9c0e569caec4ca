"""What the kernel lists is what ``/proc/net`` and our own descriptors say; an order reaches the one socket it names."""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.network import sock_diag
from enforcer.linux.network.sock_diag import InetSocket, SockDiag, destruction, listing, messages, parsed
from tests.kernel.talker import Talker

HOSTS = ["127.0.0.1", "::1"] if Path("/proc/net/if_inet6").exists() else ["127.0.0.1"]


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def inode(found):
    return os.fstat(found.fileno()).st_ino


@pytest.fixture
def diag():
    with SockDiag() as made:
        yield made


def own(diag, found):
    """Entries of one of our sockets."""
    return [s for s in diag.sockets() if s.inode == inode(found)]


def in_proc(name):
    """Inodes that a table below /proc/net names; 0 stands for sockets that nobody holds."""
    return {int(line.split()[9]) for line in Path("/proc/net", name).read_text().splitlines()[1:]} - {0}


# Against the kernel


@pytest.mark.parametrize("host", HOSTS)
def test_a_connection_is_listed_with_both_ends(diag, host):
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server((host, 0), family=family_of(host)))
        client = stack.enter_context(socket.create_connection(server.getsockname()[:2]))
        with server.accept()[0] as peer:
            (listening,), (one,), (other,) = own(diag, server), own(diag, client), own(diag, peer)
            shown = f"[{host}]" if ":" in host else host
            ends = [f"{shown}:{s.getsockname()[1]}" for s in (client, peer)]
            assert str(one) == f"tcp {ends[0]} > {ends[1]}"
            assert str(other) == f"tcp {ends[1]} > {ends[0]}"
            assert str(listening) == f"tcp {ends[1]}"
            assert (listening.state, one.state) == (sock_diag.TCP_LISTEN, 1)
            assert all(s.live for s in (listening, one, other))
            assert len({s.cookie for s in (listening, one, other)}) == 3
            assert int.from_bytes(one.cookie, "little") == int.from_bytes(client.getsockopt(1, 57, 8), "little")


def test_udp_is_live_when_it_has_a_peer(diag):
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        assert [s.live for s in own(diag, made)] == [False]
        made.connect(("127.0.0.1", 9))
        assert [s.live for s in own(diag, made)] == [True]


def test_the_list_is_that_of_proc(diag):
    with socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        for _ in range(5):  # others on this machine open and close sockets meanwhile
            listed = {s.inode for s in diag.sockets()} - {0}
            tables = [name for name in ("tcp", "tcp6", "udp", "udp6") if Path("/proc/net", name).exists()]
            if listed == set().union(*map(in_proc, tables)):
                return
    pytest.fail("the two lists never agreed")


@pytest.mark.kernel
@pytest.mark.parametrize("host", HOSTS)
def test_destroying_ends_what_was_named_and_nothing_beside_it(diag, host):
    with socket.create_server((host, 0), family=family_of(host)) as server:
        pairs = [(socket.create_connection(server.getsockname()[:2]), server.accept()[0]) for _ in range(3)]
        udp = socket.socket(family_of(host), socket.SOCK_DGRAM)
        udp.connect(server.getsockname()[:2])
        assert diag.destroy([*own(diag, pairs[1][0]), *own(diag, udp)]) == [0, 0]
        with pytest.raises(ConnectionAbortedError):
            pairs[1][0].recv(1)
        with pytest.raises(ConnectionResetError):
            pairs[1][1].recv(1)
        assert udp.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNABORTED
        with pytest.raises(OSError, match="Destination address required"):
            udp.send(b"x")
        for client, peer in (pairs[0], pairs[2]):
            client.send(b"x")
            assert peer.recv(1) == b"x"
        for made in [udp, *(end for pair in pairs for end in pair)]:
            made.close()


@pytest.mark.kernel
def test_many_are_destroyed_and_each_has_its_own_answer(diag):
    count = 3 * sock_diag._AT_ONCE + 1
    with socket.create_server(("127.0.0.1", 0), backlog=count) as server:
        clients = [socket.create_connection(server.getsockname()) for _ in range(count)]
        wanted = {inode(c) for c in clients}
        found = [s for s in diag.sockets() if s.inode in wanted]
        assert len(found) == count
        twice = [*found, *found[:2]]
        assert diag.destroy(twice) == [0] * count + [errno.ENOENT] * 2
        assert not wanted & {s.inode for s in diag.sockets()}
        for client in clients:
            client.close()


@pytest.mark.kernel
def test_a_cookie_of_another_socket_is_refused(diag):
    with socket.create_server(("127.0.0.1", 0)) as server:
        (real,) = own(diag, server)
        wrong = real._replace(id=real.id[:-8] + bytes([*range(1, 9)]))
        assert diag.destroy([wrong]) == [errno.ENOENT]
        socket.create_connection(server.getsockname()).close()


@pytest.mark.kernel
def test_without_the_right_each_order_is_refused(diag):
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = own(diag, server)
        os.seteuid(65534)
        try:
            with SockDiag() as ordinary:
                assert ordinary.destroy(target) == [errno.EPERM]
        finally:
            os.seteuid(0)


@pytest.mark.kernel
def test_the_cgroup_is_that_of_birth(diag, place):
    with RunCgroup.create("r", [place]) as group:
        talker = Talker(group)
        talker("s = socket.create_server(('127.0.0.1', 0))")
        number = talker("os.fstat(s.fileno()).st_ino")
        assert [s.cgroup for s in diag.sockets() if s.inode == number] == [group.directory.stat().st_ino]
        talker.close()
        assert group.wait_empty(5)


def test_an_unknown_family_is_the_kernels_refusal(diag):
    with pytest.raises(OSError, match=r"Errno") as raised:
        list(diag._listed(200, socket.IPPROTO_TCP))
    assert raised.value.errno in (errno.ENOENT, errno.EINVAL)


def test_closed_twice_is_closed():
    made = SockDiag()
    made.close()
    made.close()


# Bytes alone


def message(kind, sequence, body):
    data = struct.pack("=IHHII", 16 + len(body), kind, 0, sequence, 0) + body
    return data + bytes(-len(data) % 4)


def inet_message(*, state=1, inode=7, attributes=b"", identity=bytes(48)):
    return struct.pack("=BBBB48sIIIII", 2, state, 0, 0, identity, 0, 0, 0, 0, inode) + attributes


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=40))))
def test_messages_are_split_as_they_were_joined(parts):
    assert list(messages(b"".join(message(*part) for part in parts))) == parts


@given(st.binary(max_size=200))
def test_no_bytes_make_the_splitting_fail(data):
    assert sum(16 + len(body) for _, _, body in messages(data)) <= len(data)


def test_what_is_cut_short_is_left_out():
    whole = message(20, 1, b"abcd")
    assert list(messages(whole + message(20, 2, b"efgh")[:-1])) == [(20, 1, b"abcd")]


def test_the_cgroup_is_found_among_other_attributes():
    mark = struct.pack("=HHI", 8, 15, 99)
    shutdown = struct.pack("=HHB3x", 5, 8, 0)
    cgroup = struct.pack("=HHQ", 12, 21, 1 << 40)
    assert parsed(6, inet_message(attributes=shutdown + mark + cgroup)).cgroup == 1 << 40
    assert parsed(6, inet_message(attributes=shutdown + mark)).cgroup == 0
    assert parsed(6, inet_message()).cgroup == 0


@given(st.binary(max_size=60))
def test_no_attributes_make_the_parsing_fail(data):
    assert parsed(6, inet_message(attributes=data)).inode == 7


@pytest.mark.parametrize(
    ("protocol", "state", "live"), [(6, 1, True), (6, 2, True), (6, 10, True), (6, 6, False), (6, 7, False),
                                    (17, 1, True), (17, 7, False)]
)  # fmt: skip
def test_states_that_can_send_or_receive(protocol, state, live):
    assert parsed(protocol, inet_message(state=state)).live == live


def test_requests_are_laid_out_as_the_kernel_reads_them():
    request = listing(socket.AF_INET6, socket.IPPROTO_UDP, 5)
    assert struct.unpack("=IHHII", request[:16]) == (len(request), 20, 0x301, 5, 0)
    assert request[16:18] == bytes([10, 17])
    assert len(request) == 16 + 56
    target = InetSocket(2, 6, 1, bytes(range(48)), 1, 1)
    order = destruction(target, 6)
    assert struct.unpack("=IHHII", order[:16]) == (len(order), 21, 0x5, 6, 0)
    assert order[-48:] == target.id
    assert target.cookie == bytes(range(40, 48))
