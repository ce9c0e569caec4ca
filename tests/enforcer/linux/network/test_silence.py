"""A socket that was silenced through a descriptor of ours is so for the process that holds it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.linux.network import silence
from enforcer.linux.network.held import Held

HOSTS = ["127.0.0.1", "::1"] if Path("/proc/net/if_inet6").exists() else ["127.0.0.1"]


def held(found):
    return Held(found.fileno(), os.fstat(found.fileno()).st_ino)


def silenced(found):
    """What ``silence`` says of the socket, taken from ourselves as from any process."""
    with silence.holder(os.getpid(), os.getpid()) as holder, silence.take(holder, held(found)) as taken:
        assert taken.fileno() != found.fileno()
        return silence.silence(taken)


def is_deaf(found):
    with silence.holder(os.getpid(), os.getpid()) as holder, silence.take(holder, held(found)) as taken:
        return silence.is_deaf(taken)


def make(*kind):
    try:
        return socket.socket(*kind)
    except OSError as error:
        pytest.skip(f"no such socket can be made here: {error}")


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


# Effects


@pytest.mark.parametrize("host", HOSTS)
def test_udp_neither_sends_nor_receives_nor_connects(host):
    with (
        socket.socket(family_of(host), socket.SOCK_DGRAM) as cut,
        socket.socket(family_of(host), socket.SOCK_DGRAM) as other,
    ):
        for end in (cut, other):
            end.bind((host, 0))
            end.settimeout(0.2)
        cut.sendto(b"before", other.getsockname())
        assert other.recv(10) == b"before"
        assert silenced(cut) == ""
        with pytest.raises(BrokenPipeError):
            cut.sendto(b"x", other.getsockname())
        cut.connect(other.getsockname())
        with pytest.raises(BrokenPipeError):
            cut.send(b"x")
        with pytest.raises(TimeoutError):
            other.recv(10)
        other.sendto(b"x", cut.getsockname())
        assert nothing_from(cut)


def nothing_from(cut):
    try:
        return cut.recv(10) == b""  # the shutdown ends a receive that waits
    except (TimeoutError, BlockingIOError):
        return True


@pytest.mark.parametrize("host", HOSTS)
def test_a_tcp_socket_never_accepts_again(host):
    with socket.create_server((host, 0), family=family_of(host)) as cut:
        socket.create_connection(cut.getsockname()[:2]).close()
        assert silenced(cut) == ""
        cut.listen()
        with pytest.raises(TimeoutError):
            socket.create_connection(cut.getsockname()[:2], timeout=0.3)


def test_the_holder_cannot_take_the_filter_off():
    with socket.socket() as cut:
        assert silenced(cut) == ""
        for option, value in ((27, 0), (44, 0), (26, silence._DROP_ALL)):  # detach, unlock, attach
            with pytest.raises(PermissionError):
                cut.setsockopt(socket.SOL_SOCKET, option, value)
        assert is_deaf(cut)


def test_silencing_twice_is_silencing():
    with socket.socket(type=socket.SOCK_DGRAM) as cut:
        assert [silenced(cut), silenced(cut)] == ["", ""]


def test_a_filter_of_the_holder_is_replaced_and_a_locked_one_is_told():
    passing = silence.struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF)
    code = silence.ctypes.create_string_buffer(passing, 8)
    program = silence.struct.pack("HP", 1, silence.ctypes.addressof(code))
    with socket.socket() as open_one, socket.socket() as locked:
        for found in (open_one, locked):
            found.setsockopt(socket.SOL_SOCKET, 26, program)
        locked.setsockopt(socket.SOL_SOCKET, 44, 1)
        assert silenced(open_one) == ""
        assert is_deaf(open_one)
        assert silenced(locked) == "a tcp socket stays: Operation not permitted"
        assert not is_deaf(locked)


def test_a_socket_without_a_filter_is_not_deaf():
    with socket.socket() as plain:
        assert not is_deaf(plain)


def test_mptcp_is_disconnected():
    server = make(socket.AF_INET, socket.SOCK_STREAM, 262)
    server.bind(("127.0.0.1", 0))
    server.listen()
    with server, make(socket.AF_INET, socket.SOCK_STREAM, 262) as cut:
        cut.connect(server.getsockname())
        peer = server.accept()[0]
        peer.settimeout(0.3)
        assert silenced(cut) == ""
        with pytest.raises(OSError, match="Errno"):
            cut.send(b"x")
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            assert peer.recv(1) == b""
        assert silenced(server) == ""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(server.getsockname(), timeout=0.3)


@pytest.mark.kernel
def test_ping_sends_no_more():
    """In a namespace of its own, where everybody may make such sockets."""
    script = f"""
import errno, os, socket, subprocess, sys
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
from enforcer.linux.network import silence
from enforcer.linux.network.held import Held
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
open("/proc/sys/net/ipv4/ping_group_range", "w").write("0 0")
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
echo = bytes([8, 0, 0, 0, 0, 0, 0, 0])
assert s.sendto(echo, ("127.0.0.1", 0)) == 8
with silence.holder(os.getpid(), os.getpid()) as holder:
    taken = silence.take(holder, Held(s.fileno(), os.fstat(s.fileno()).st_ino))
    assert silence.kind(taken) == "ping"
    assert silence.silence(taken) == "", silence.silence(taken)
try: s.sendto(echo, ("127.0.0.1", 0))
except BrokenPipeError: print("refused")
"""
    done = subprocess.run(["unshare", "-n", sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("refused\n", "")


# What it cannot do


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((socket.AF_PACKET, socket.SOCK_RAW, 3), "a packet socket stays: there is no way to end it from outside"),
        ((socket.AF_INET, socket.SOCK_RAW, 1), "a raw socket stays: there is no way to end it from outside"),
        ((socket.AF_VSOCK, socket.SOCK_STREAM), "a vsock socket still sends"),
    ],
)
def test_what_stays_is_named(made, told):
    with make(*made) as found:
        assert silenced(found) == told


# Taking


def test_kinds():
    kinds = {
        "tcp": (socket.AF_INET, socket.SOCK_STREAM), "udp": (socket.AF_INET, socket.SOCK_DGRAM),
        "unix": (socket.AF_UNIX, socket.SOCK_STREAM), "netlink": (socket.AF_NETLINK, socket.SOCK_RAW, 0),
    }  # fmt: skip
    for name, made in kinds.items():
        with socket.socket(*made) as one, socket.socket(fileno=os.dup(one.fileno())) as found:
            assert silence.kind(found) == name
            assert (found.family in silence.HARMLESS) == (name in ("unix", "netlink"))


def test_a_descriptor_that_names_something_else_by_now_is_not_taken():
    with socket.socket() as found, silence.holder(os.getpid(), os.getpid()) as holder:
        before = len(os.listdir("/proc/self/fd"))
        assert silence.take(holder, held(found)._replace(inode=1)) is None
        assert silence.take(holder, held(found)._replace(fd=9999)) is None
        assert len(os.listdir("/proc/self/fd")) == before


def test_nothing_is_taken_of_a_process_that_has_ended():
    child = subprocess.Popen(["sleep", "60"])
    with socket.socket() as found, silence.holder(child.pid, child.pid) as holder:
        child.kill()
        child.wait()
        assert silence.take(holder, held(found)) is None
    with silence.holder(child.pid, child.pid) as gone:
        assert gone is None


@pytest.mark.kernel
def test_what_may_not_be_taken_is_told():
    with socket.socket() as found:
        other = subprocess.Popen(["sleep", "60"], pass_fds=[found.fileno()])
        ordinary = os.fork()
        if ordinary == 0:
            os.setuid(65534)
            try:
                with silence.holder(other.pid, other.pid) as holder:
                    silence.take(holder, held(found))
            except OSError as error:
                os._exit(error.errno)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(ordinary, 0)[1]) == errno.EPERM
        other.kill()
        other.wait()


@pytest.mark.kernel
def test_the_namespace_of_a_socket_is_that_of_its_maker():
    with socket.socket() as found:
        descriptor = silence.namespace(found)
        try:
            assert os.fstat(descriptor).st_ino == os.stat("/proc/self/ns/net").st_ino
        finally:
            os.close(descriptor)
