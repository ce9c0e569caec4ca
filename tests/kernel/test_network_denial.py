"""Connections and datagrams that a policy denies never leave: the listener, which is ours, sees no byte.

Covers N1, N2, N3, N4, N5, N6, N7, N8, N9 of the bypass list. Each trick is done against a port that is
denied and against one that is allowed; the second shows that it works at all.
"""

from __future__ import annotations

import errno
import selectors
import socket
import sys
import threading
import time
from contextlib import suppress

import pytest

pytestmark = pytest.mark.kernel

TRICKS = """
import errno, json, os, socket, sys
loopback = {4: "127.0.0.1", 6: "::1", "mapped": "::ffff:127.0.0.1"}
def tcp(family, how):
    return socket.socket(socket.AF_INET if how == 4 else socket.AF_INET6, socket.SOCK_STREAM)
def udp(how):
    return socket.socket(socket.AF_INET if how == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
def connect(how, port, name):
    s = tcp(0, how); s.settimeout(5); s.connect((loopback[how], port)); s.sendall(name)
def nonblocking(how, port, name):
    s = tcp(0, how); s.setblocking(False)
    code = s.connect_ex((loopback[how], port))
    if code not in (0, errno.EINPROGRESS): raise OSError(code, "connect")
    s.setblocking(True); s.sendall(name)
def udp_connect(how, port, name):
    s = udp(how); s.connect((loopback[how], port)); s.send(name)
def sendto(how, port, name): udp(how).sendto(name, (loopback[how], port))
def sendmsg(how, port, name): udp(how).sendmsg([name], [], 0, (loopback[how], port))
def fastopen(how, port, name): tcp(0, how).sendto(name, 0x20000000, (loopback[how], port))
def fastopen_connect(how, port, name):
    s = tcp(0, how); s.setsockopt(socket.IPPROTO_TCP, 30, 1); s.connect((loopback[how], port)); s.sendall(name)
def mptcp(how, port, name):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); s.settimeout(5); s.connect((loopback[how], port)); s.sendall(name)
for line in sys.argv[1:]:
    trick, how, port = line.split(",")
    how = int(how) if how.isdigit() else how
    try: globals()[trick](how, int(port), f"{trick}-{how}".encode()); result = 0
    except OSError as error: result = error.errno
    print(json.dumps([line, result]))
"""

TCP = [
    ("connect", 4),
    ("connect", 6),
    ("connect", "mapped"),
    ("nonblocking", 4),
    ("fastopen", 4),
    ("fastopen", 6),
    ("fastopen_connect", 4),
    ("mptcp", 4),
]
UDP = [
    ("udp_connect", 4),
    ("udp_connect", 6),
    ("sendto", 4),
    ("sendto", 6),
    ("sendto", "mapped"),
    ("sendmsg", 4),
    ("sendmsg", 6),
]
C_ACTS = {"uring_inline": "tcp", "uring_worker": "tcp", "mmsg": "udp"}


class Listener:
    """A TCP and a UDP socket on one loopback port, for IPv4 and IPv6 alike; keeps all that arrives."""

    def __init__(self):
        self.connections = 0
        self.datagrams = []
        self.streams = []
        self.port, self._sockets = self._bound()
        self._selector = selectors.DefaultSelector()
        for found in self._sockets:
            self._selector.register(found, selectors.EVENT_READ)
        self._stop = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @staticmethod
    def _bound():
        for _ in range(50):
            tcp = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            tcp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            tcp.bind(("::", 0))
            udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                udp.bind(("::", tcp.getsockname()[1]))
            except OSError:
                tcp.close()
                udp.close()
                continue
            tcp.listen(50)
            return tcp.getsockname()[1], (tcp, udp)
        raise OSError("no port is free for both protocols")

    def _serve(self):
        while not self._stop:
            for key, _ in self._selector.select(0.05):
                if key.fileobj is self._sockets[1]:
                    self.datagrams.append(self._sockets[1].recv(1000))
                elif key.fileobj is self._sockets[0]:
                    self.connections += 1
                    self._selector.register(self._sockets[0].accept()[0], selectors.EVENT_READ)
                else:
                    self._read(key.fileobj)

    def _read(self, stream):
        data = b""
        with suppress(OSError):
            data = stream.recv(1000)
        if data:
            self.streams.append(data)
        else:
            self._selector.unregister(stream)
            stream.close()

    def settled(self, streams, datagrams):
        """Wait for what is expected to arrive, and a moment for what is not."""
        until = time.monotonic() + 5
        while (len(self.streams) < streams or len(self.datagrams) < datagrams) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)

    def close(self):
        self._stop = True
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()


def policy(allowed):
    return f"""
lictor: 1
name: network
defaults: {{ exec: allow, file.read: allow, file.write: allow, net.connect: deny, net.send: deny }}
rules:
  - {{ id: allowed, on: [net.connect, net.send], match: {{ ip: [127.0.0.0/8, "::1"], port: {allowed} }}, action: allow }}
"""


@pytest.fixture(scope="module")
def done(lictor_once, acts):
    """Two runs, with enforcement and with --audit, each with its own two listeners."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    found = {}
    for audit in (False, True):
        allowed, denied = Listener(), Listener()
        ports = (allowed.port, denied.port)
        lines = [f"{trick},{how},{port}" for trick, how in TCP + UDP for port in ports]
        c_lines = "\n".join(f"{acts} {act} {port} 2>&1; echo {act},{port},$?" for act in C_ACTS for port in ports)
        observed = lictor_once(
            "sh",
            "-c",
            f'{sys.executable} -I -c "$0" "$@"; {c_lines}',
            TRICKS,
            *lines,
            policy=policy(allowed.port),
            audit=audit,
        )
        observed.allowed, observed.denied = allowed, denied
        observed.results = results(observed.out.decode())
        streams = len(TCP) + 2
        allowed.settled(streams, len(UDP) + 2)
        found[audit] = observed
    yield found
    for observed in found.values():
        observed.allowed.close()
        observed.denied.close()


def results(text):
    import json  # noqa: PLC0415 - beside its only use

    found = {}
    for line in text.splitlines():
        if line.startswith("["):
            (name, code) = json.loads(line)
            trick, how, port = name.split(",")
            found[trick, how, int(port)] = code
        elif line.count(",") == 2:
            act, port, code = line.split(",")
            found[act, "", int(port)] = int(code)
    return found


ALL = [(t, str(h)) for t, h in TCP + UDP] + [(a, "") for a in C_ACTS]


def possible(done, trick):
    audited = done[True]
    code = audited.results[(*trick, audited.allowed.port)]
    if code in (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.ENOSYS, errno.EOPNOTSUPP):
        pytest.skip(f"this kernel has no {trick[0]}: {errno.errorcode[code]}")


@pytest.mark.parametrize("trick", ALL, ids="-".join)
def test_a_denied_address_gives_eperm(done, trick):
    possible(done, trick)
    observed = done[False]
    assert observed.results[(*trick, observed.denied.port)] == errno.EPERM


@pytest.mark.parametrize("trick", ALL, ids="-".join)
def test_an_allowed_address_passes(done, trick):
    possible(done, trick)
    observed = done[False]
    assert observed.results[(*trick, observed.allowed.port)] == 0


@pytest.mark.parametrize("trick", ALL, ids="-".join)
def test_in_audit_everything_passes(done, trick):
    possible(done, trick)
    observed = done[True]
    assert observed.results[(*trick, observed.denied.port)] == 0


def test_the_denied_listener_sees_nothing(done):
    listener = done[False].denied
    assert (listener.connections, listener.streams, listener.datagrams) == (0, [], [])


def test_the_allowed_listener_sees_everything(done):
    observed = done[False]
    here = {k[:2] for k, code in observed.results.items() if k[2] == observed.allowed.port and code == 0}
    names = {f"{t}-{h}".encode() for t, h in here if h}
    arrived = set(observed.allowed.streams) | set(observed.allowed.datagrams)
    assert names <= arrived
    assert observed.allowed.datagrams.count(b"by-mmsg") == 2
    assert observed.allowed.streams.count(b"by-uring") == sum(1 for t, _ in here if t.startswith("uring"))


def test_rows_name_address_port_and_protocol(done):
    observed = done[False]
    rows = [
        r
        for r in observed.rows()
        if r["operation"] in ("net.connect", "net.send") and r["dst_port"] == observed.denied.port
    ]
    assert {r["verdict"] for r in rows} == {"deny"}
    assert {(r["outcome"], r["errno"], r["action"], r["enforced_at"]) for r in rows} == {
        ("denied", errno.EPERM, "deny", "kernel")
    }
    assert {r["rule"] for r in rows} == {"default:net.connect", "default:net.send"}
    # IPv4 in IPv6 is told as what it is.
    assert {r["dst_ip"] for r in rows} == {"127.0.0.1", "::1"}
    assert {r["protocol"] for r in rows} >= {"tcp", "udp"}


@pytest.mark.parametrize("audit", [False, True])
@pytest.mark.parametrize("side", ["allowed", "denied"])
def test_there_is_a_row_for_each_attempt(done, audit, side):
    observed = done[audit]
    port = getattr(observed, side).port
    rows = [r for r in observed.rows() if r["dst_port"] == port]
    tried = {k[:2]: c for k, c in observed.results.items() if k[2] == port}
    missing = (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT, errno.ENOSYS, errno.EOPNOTSUPP)
    possible_ones = [t for (t, _), c in tried.items() if c not in missing]
    sends = [t for t in possible_ones if t in ("sendto", "sendmsg", "mmsg")]
    connects = [t for t in possible_ones if t not in sends]
    datagrams = len(sends) + (
        1 if "mmsg" in sends and not (side == "denied" and not audit) else 0
    )  # two of one call, both told
    assert sum(r["operation"] == "net.send" for r in rows) == datagrams
    assert sum(r["operation"] == "net.connect" for r in rows) == len(connects)
    assert all(r["agent_run"] == observed.run for r in rows)


def test_unix_sockets_are_told_by_their_name(lictor, tmp_path):
    """N9, also abstract; a network default does not speak of them."""
    path, abstract = tmp_path / "socket", f"lictor-test-{tmp_path.name}-{tmp_path.parent.name}"
    servers = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    servers[0].bind(str(path))
    servers[1].bind("\0" + abstract)
    for server in servers:
        server.listen()
    connect = (
        "import socket, sys\nfor n in sys.argv[1:]: socket.socket(socket.AF_UNIX).connect(n.replace('@', chr(0), 1))"
    )
    observed = lictor(sys.executable, "-I", "-c", connect, path, "@" + abstract, policy=policy(1))
    for server in servers:
        server.close()
    rows = [
        r for r in observed.rows("net.connect") if "nscd" not in r["path"]
    ]  # the C library asks its cache for names
    assert [r["path"] for r in rows] == [str(path), "@" + abstract]
    assert {(r["protocol"], r["verdict"], r["errno"]) for r in rows} == {("unix", "allow", 0)}
    assert observed.status == 0
