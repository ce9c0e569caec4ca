"""A run whose network is cut neither sends nor receives, whatever its sockets are and wherever they were made.

Each test looks from the other end, which is ours and in no run: what arrives there is the truth.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from collectors.interface import Run
from enforcer.linux.isolation import Isolation
from enforcer.linux.network import programs
from tests.kernel.talker import Talker, isolation, listener, received, run_group

pytestmark = pytest.mark.kernel

HOSTS = ["127.0.0.1", "::1"] if Path("/proc/net/if_inet6").exists() else ["127.0.0.1"]
BIRTHS = ["in its cgroup", "elsewhere"]
"""Where a run's sockets are made: agents that are found running have theirs from before."""


@pytest.fixture
def group():
    with run_group() as made:
        yield made


@pytest.fixture
def other_group():
    with run_group() as made:
        yield made


@pytest.fixture
def talk(group):
    """Function: a talker whose sockets are made in the run's cgroup or not; ``move`` puts it there at last."""
    talkers = []

    def make(birth="in its cgroup", **options):
        talker = Talker(group if birth == BIRTHS[0] else None, **options)
        talkers.append(talker)
        talker.move = lambda: group.add(talker.pid)
        return talker

    yield make
    for talker in talkers:
        talker.close()


def confirmed(outcome):
    assert outcome.confirmed, outcome.evidence
    assert "\n" not in outcome.evidence
    return outcome


def established(pid):
    """What ss tells of a process's TCP sockets that are more than closed."""
    shown = subprocess.run(["ss", "-Htanp"], capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if f"pid={pid}," in line]


# One run only


def test_one_run_is_cut_and_the_one_beside_it_is_not(group, other_group, talk):
    with listener("127.0.0.1") as server:
        cut, free = talk(), Talker(other_group)
        ends = []
        for talker in (cut, free):
            assert talker.connect(server.getsockname()) is None
            ends.append(server.accept()[0])
        with isolation(group, cut) as network:
            confirmed(network.cut())
            assert cut("s.send(b'x')") == "ECONNABORTED"
            assert cut.connect(server.getsockname(), "t") == "EPERM"
            assert received(ends[0]) == "reset"
            assert free("s.send(b'still here')") == 10
            assert received(ends[1]) == b"still here"
            ends[1].send(b"and back")
            assert free("s.recv(100)") == "and back"
            assert free.connect(server.getsockname(), "t") is None
            assert established(cut.pid) == []
            assert len(established(free.pid)) == 2
        free.close()


# TCP


@pytest.mark.parametrize("birth", BIRTHS)
@pytest.mark.parametrize("host", HOSTS)
def test_a_connection_ends_in_both_directions_and_its_peer_learns_of_it(group, talk, host, birth):
    talker = talk(birth)
    with listener(host) as server:
        assert talker.connect(server.getsockname()) is None
        talker.move()
        peer = server.accept()[0]
        talker.begin("s.recv(10)")  # it waits in the kernel while it is cut
        with isolation(group, talker) as network:
            confirmed(network.cut())
            assert talker.end() == "ECONNABORTED"
            assert received(peer) == "reset"
            assert talker("s.send(b'x')") == "EPIPE"
            assert established(talker.pid) == []


@pytest.mark.parametrize("birth", BIRTHS)
@pytest.mark.parametrize("host", [*HOSTS, *(["::ffff:127.0.0.1"] if HOSTS[1:] else [])])
def test_a_server_in_the_run_loses_its_connections_and_accepts_no_more(group, talk, host, birth):
    talker = talk(birth)
    family = "AF_INET" if host in HOSTS[:1] else "AF_INET6"
    bind = "::" if host.startswith("::ffff") else host
    talker(f"l = socket.create_server(({bind!r}, 0), family=socket.{family}, dualstack_ipv6={bind == '::'})")
    port = talker("l.getsockname()[1]")
    there = ("127.0.0.1" if bind == "::" else host, port)
    accepted = socket.create_connection(there)
    talker("c = l.accept()[0]")
    waiting = socket.create_connection(there)  # in the queue of the listener
    talker.move()
    with isolation(group, talker) as network:
        confirmed(network.cut())
        assert received(accepted) == "reset"
        assert received(waiting) == "reset"
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            socket.create_connection(there, timeout=0.3)
        # Listening again, on the old socket or on a new one, makes nobody hear it.
        assert talker("l.listen()") in (None, "EINVAL")
        assert talker(f"n = socket.create_server(({bind!r}, 0), family=socket.{family})") is None
        for port in (talker("l.getsockname()[1]"), talker("n.getsockname()[1]")):
            with pytest.raises((ConnectionRefusedError, TimeoutError)):
                socket.create_connection((there[0], port), timeout=0.3)
    for connection in (accepted, waiting):
        connection.close()


def test_a_connection_between_two_processes_of_the_run_ends_too(group, talk):
    server, client = talk(), talk()
    server("l = socket.create_server(('127.0.0.1', 0))")
    assert client.connect(server("l.getsockname()")) is None
    server("c = l.accept()[0]")
    with isolation(group, server, client) as network:
        confirmed(network.cut())
        assert client("s.send(b'x')") == "ECONNABORTED"
        assert server("c.send(b'x')") == "ECONNABORTED"


def test_what_was_sent_and_closed_but_not_delivered_yet_is_held_back(group, talk):
    """No descriptor names such a socket any more; the kernel alone keeps sending."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server.bind(("127.0.0.1", 0))
        server.listen()
        talker = talk()
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        assert talker("s.setblocking(False)") is None
        assert talker("s.send(b'x' * 300000)") > 100_000
        talker("s.close()")
        with isolation(group, talker) as network:
            assert "1 tcp socket destroyed" in confirmed(network.cut()).evidence
            got, last = 0, received(peer)
            while isinstance(last, bytes) and last:
                got, last = got + len(last), received(peer)
            assert last == "reset"
            assert got < 100_000


def test_a_new_connection_is_refused_from_every_kind_of_socket(group, talk):
    if len(HOSTS) == 1:
        pytest.skip("this machine has no IPv6")
    with listener("::1") as six, listener("127.0.0.1") as four:
        talker = talk()
        with isolation(group, talker) as network:
            confirmed(network.cut())
            for server in (four, six):
                assert talker.connect(server.getsockname()) == "EPERM"
            assert talker.connect(("::ffff:127.0.0.1", four.getsockname()[1])) == "EPERM"
            fast = f"socket.socket().sendto(b'x', 0x20000000, {four.getsockname()!r})"
            assert talker(fast) in ("EPERM", "EOPNOTSUPP")
            for server in (four, six):
                server.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    server.accept()


def test_mptcp_is_cut_as_tcp_is(group, talk):
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
    except OSError as error:
        pytest.skip(f"this kernel has no MPTCP: {error}")
    server.bind(("127.0.0.1", 0))
    server.listen()
    for birth in BIRTHS:
        talker = talk(birth)
        assert talker.connect(server.getsockname(), protocol=262) is None
        peer = server.accept()[0]
        talker.move()
        with isolation(group, talker) as network:
            confirmed(network.cut())
            talker("s.settimeout(0.5)")
            talker("s.send(b'x')")
            assert received(peer) in ("reset", "silence", b"")
            assert talker.connect(server.getsockname(), "t", protocol=262) == "EPERM"
        talker.close()
    server.close()


# UDP


@pytest.mark.parametrize("birth", BIRTHS)
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("how", ["connected", "bound"])
def test_no_datagram_passes_in_either_direction(group, talk, host, birth, how):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    talker = talk(birth)
    with socket.socket(family, socket.SOCK_DGRAM) as ours:
        ours.bind((host, 0))
        talker(f"s = socket.socket({int(family)}, socket.SOCK_DGRAM); s.bind(({host!r}, 0)); s.settimeout(0.3)")
        there = tuple(talker("s.getsockname()")[:2])
        if how == "connected":
            talker(f"s.connect({ours.getsockname()[:2]!r})")
            assert talker("s.send(b'before')") == 6
        else:
            assert talker(f"s.sendto(b'before', {ours.getsockname()[:2]!r})") == 6
        assert received(ours) == b"before"
        ours.sendto(b"hello", there)
        assert talker("s.recv(10)") == "hello"
        talker.move()
        with isolation(group, talker) as network:
            confirmed(network.cut())
            assert talker("s.send(b'x')") != 1
            talker("s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)")  # the error of the cut itself is told once
            assert talker(f"s.sendto(b'x', {ours.getsockname()[:2]!r})") in ("EPERM", "EPIPE")
            assert talker(f"s.connect({ours.getsockname()[:2]!r}), s.send(b'x')") in ("EPERM", "EPIPE")
            assert received(ours) == "silence"
            with contextlib.suppress(ConnectionRefusedError):
                ours.sendto(b"to the run", there)
            assert talker("s.recv(10)") in ("timed out", "ECONNABORTED", "EAGAIN")
            assert talker("s.recv(10)") in ("timed out", "EAGAIN", "")


# Who holds it


def test_an_inherited_listener_is_ended_and_its_other_holder_is_named(group, talk):
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        port = inherited.getsockname()[1]
        talker = talk(pass_fds=[inherited.fileno()])
        talker(f"l = socket.socket(fileno={inherited.fileno()})")
        with isolation(group, talker) as network:
            evidence = confirmed(network.cut()).evidence
            name = Path("/proc/self/comm").read_text().strip()
            assert f"also held by {os.getpid()} ({name})" in evidence
            assert "1 made outside of the cgroup silenced" in evidence
            talker("l.listen()")
            with pytest.raises((ConnectionRefusedError, TimeoutError)):
                socket.create_connection(("127.0.0.1", port), timeout=0.3)


def test_a_socket_that_was_handed_out_of_the_run_is_ended_there(group, talk):
    ours, its = socket.socketpair()
    with listener("127.0.0.1") as server, ours, its:
        talker = talk(pass_fds=[its.fileno()])
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        talker(f"u = socket.socket(fileno={its.fileno()})")
        talker("socket.send_fds(u, [b'x'], [s.fileno()])")
        talker("s.close()")
        _, [descriptor], _, _ = socket.recv_fds(ours, 10, 1)
        with socket.socket(fileno=descriptor) as handed, isolation(group, talker) as network:
            confirmed(network.cut())
            assert received(peer) == "reset"
            with pytest.raises(ConnectionAbortedError):
                handed.send(b"x")


def test_a_socket_on_its_way_between_two_processes_is_ended(group, talk):
    """It is in no table of descriptors while it waits in a unix socket."""
    ours, its = socket.socketpair()
    with listener("127.0.0.1") as server, ours, its:
        talker = talk(pass_fds=[ours.fileno(), its.fileno()])
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        talker(f"a, b = socket.socket(fileno={its.fileno()}), socket.socket(fileno={ours.fileno()})")
        talker("socket.send_fds(a, [b'x'], [s.fileno()])")
        talker("s.close()")
        with isolation(group, talker) as network:
            confirmed(network.cut())
            assert received(peer) == "reset"
            talker("t = socket.socket(fileno=socket.recv_fds(b, 10, 1)[1][0])")
            assert talker("t.send(b'x')") == "ECONNABORTED"


FAMILY = """
import os, socket, time
def connect():
    s = socket.create_connection(ADDRESS); s.send(b'%d' % os.getpid()); time.sleep(60)
for make in (lambda: None, os.setsid):
    if os.fork() == 0:
        make()
        if os.fork() == 0:
            connect()
        os._exit(0) if make is os.setsid else connect()
"""


def test_every_process_of_the_tree_is_cut(group, talk):
    with listener("127.0.0.1") as server:
        talker = talk()
        talker(FAMILY.replace("ADDRESS", repr(server.getsockname())))
        peers = [server.accept()[0] for _ in range(3)]
        pids = {int(peer.recv(20)) for peer in peers}
        assert pids <= set(group.pids())
        with isolation(group) as network:  # nobody names them: the cgroup holds all
            assert "3 tcp sockets destroyed" in confirmed(network.cut()).evidence
        assert [received(peer) for peer in peers] == ["reset"] * 3


def test_a_process_that_left_the_cgroup_loses_its_connections_and_is_told(group, other_group, talk):
    with listener("127.0.0.1") as server:
        talker = talk()
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        other_group.add(talker.pid)
        with isolation(group, talker) as network:
            outcome = network.cut()
            assert outcome.enforcement == "failed"
            assert f"outside of {group.path}, so that they may listen: {talker.pid} (python" in outcome.evidence
            assert received(peer) == "reset"


def test_a_group_below_the_runs_is_cut_too(group, talk):
    below = group.directory / "below"
    below.mkdir()
    with listener("127.0.0.1") as server:
        talker = talk()
        (below / "cgroup.procs").write_text(str(talker.pid))
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        with isolation(group) as network:
            evidence = confirmed(network.cut()).evidence
            assert received(peer) == "reset"
            assert talker.connect(server.getsockname(), "t") == "EPERM"
            assert "1 tcp socket destroyed" in evidence
            assert "outside" not in evidence


OWN_TABLE = """
def act():
    ctypes.CDLL(None).unshare(0x400)
    global s, answer
    s = socket.create_connection(ADDRESS)
    ready.set(); go.wait()
    try: answer = s.send(b'x')
    except OSError as error: answer = errno.errorcode[error.errno]
ready, go = threading.Event(), threading.Event()
thread = threading.Thread(target=act); thread.start(); ready.wait()
"""


@pytest.mark.parametrize("birth", BIRTHS)
def test_a_thread_with_descriptors_of_its_own_is_cut(group, talk, birth):
    with listener("127.0.0.1") as server:
        talker = talk(birth)
        talker(OWN_TABLE.replace("ADDRESS", repr(server.getsockname())))
        peer = server.accept()[0]
        shown = os.listdir(f"/proc/{talker.pid}/fd")
        talker.move()
        with isolation(group, talker) as network:
            confirmed(network.cut())
            assert received(peer) == "reset"
            talker("go.set(); thread.join()")
            assert talker("answer") == "ECONNABORTED"
        assert len(shown) == 3


def test_a_frozen_run_is_cut_while_it_stands_still(group, talk):
    with listener("127.0.0.1") as server:
        talker = talk()
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        assert group.freeze()
        with isolation(group, talker) as network:
            began = time.monotonic()
            evidence = confirmed(network.cut()).evidence
            assert time.monotonic() - began < 2
            assert "the run is frozen, so no connect was tried from within" in evidence
            assert received(peer) == "reset"
            assert group.pids() == [talker.pid]
            group.thaw()
            assert talker("s.send(b'x')") == "ECONNABORTED"


# Other namespaces


@pytest.mark.parametrize("birth", BIRTHS)
def test_a_run_in_a_network_namespace_of_its_own_is_cut(group, talk, birth):
    talker, beside = talk(birth, before=("unshare", "-n")), None
    talker("import subprocess; subprocess.run(['ip', 'link', 'set', 'lo', 'up'])")
    beside = Talker(before=("nsenter", f"--net=/proc/{talker.pid}/ns/net"))  # in that namespace, and in no run
    try:
        beside("l = socket.create_server(('127.0.0.1', 0))")
        assert talker.connect(beside("l.getsockname()")) is None
        beside("c = l.accept()[0]; c.settimeout(1)")
        talker.move()
        with isolation(group, talker) as network:
            evidence = confirmed(network.cut()).evidence
            assert "1 tcp socket destroyed" in evidence
            assert beside("c.recv(1)") == "ECONNRESET"
            assert talker("s.send(b'x')") == "ECONNABORTED"
            assert beside.connect(beside("l.getsockname()"), "t") is None
    finally:
        beside.close()


@pytest.mark.parametrize("birth", BIRTHS)
def test_a_socket_stays_reachable_when_its_process_goes_to_another_namespace(group, talk, birth):
    with listener("127.0.0.1") as server:
        talker = talk(birth)
        talker.connect(server.getsockname())
        peer = server.accept()[0]
        assert talker("ctypes.CDLL(None).unshare(0x40000000)") == 0
        talker.move()
        with isolation(group, talker) as network:
            outcome = network.cut()
            assert received(peer) == "reset", outcome.evidence
            assert talker("s.send(b'x')") == "ECONNABORTED"


# What stays


def test_unix_and_netlink_sockets_stay(group, talk):
    ours, its = socket.socketpair()
    talker = talk(pass_fds=[its.fileno()])
    talker(f"u = socket.socket(fileno={its.fileno()})")
    talker("n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)")
    with isolation(group, talker) as network:
        assert "1 netlink socket left as harmless, 1 unix socket left as harmless" in confirmed(network.cut()).evidence
        talker("u.send(b'local')")
        assert received(ours) == b"local"
    ours.close()
    its.close()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)", "a packet socket stays"),
        ("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "a raw socket stays"),
        ("socket.socket(socket.AF_VSOCK)", "a vsock socket"),
    ],
)
def test_what_cannot_be_ended_makes_the_cut_fail_and_is_named(group, talk, made, told):
    talker = talk(BIRTHS[1])
    if (refused := talker(f"s = {made}")) is not None:
        pytest.skip(f"this kernel does not make one: {refused}")
    talker.move()
    with isolation(group, talker) as network:
        outcome = network.cut()
        assert outcome.enforcement == "failed"
        assert outcome.evidence.startswith(told)
        talker("s.close()")
        confirmed(network.cut())


RESET = """
import socket, struct
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
tcp = struct.pack("!HHIIBBHHH", 7, PORT, 0x5EC4E7, 0, 5 << 4, FLAGS, 0, 0, 0)
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1]))
"""


def test_no_reset_that_a_program_wrote_itself_passes(group, talk):
    """Resets of the kernel's own do; one from a raw socket could carry anything in its numbers."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as ours:
        ours.settimeout(0.3)

        def arrived(port):
            until = time.monotonic() + 1
            with contextlib.suppress(TimeoutError):
                while time.monotonic() < until:
                    if (packet := ours.recv(100))[22:24] == port.to_bytes(2, "big") and packet[20:22] == b"\0\7":
                        return packet[33]
            return None

        talker = talk()
        for flags in (2, 4):  # SYN, RST
            talker(RESET.replace("PORT", "9").replace("FLAGS", str(flags)))
            assert talker("raw.sendto(ip + tcp, ('127.0.0.1', 0))") == 40
            assert arrived(9) == flags
        with isolation(group, talker) as network:
            network.cut()
            for flags in (2, 4):
                talker(RESET.replace("PORT", "11").replace("FLAGS", str(flags)))
                assert talker("raw.sendto(ip + tcp, ('127.0.0.1', 0))") == "EPERM"
            assert arrived(11) is None


# In full swing


CLIENTS = """
import os, socket
for _ in range(4):
    if os.fork() == 0:
        while True:
            try:
                s = socket.create_connection(ADDRESS, timeout=1)
                while s.send(b"x"): s.recv(1)
            except OSError: pass
"""

SERVERS = """
import os, socket, threading
l = socket.create_server(("127.0.0.1", 0), backlog=64)
def serve():
    while True:
        try:
            c = l.accept()[0]
            kept.append(c)
            c.send(b"hello")
        except OSError: pass
kept = []
for _ in range(4): threading.Thread(target=serve, daemon=True).start()
"""


def test_clients_that_never_stop_trying_get_nothing_through(group, talk):
    with listener("127.0.0.1") as server:
        talker = talk()
        talker(CLIENTS.replace("ADDRESS", repr(server.getsockname())))
        peers = [server.accept()[0] for _ in range(4)]
        for peer in peers:
            peer.send(b"x" * 1000)  # each answer asks for another
        with isolation(group, talker) as network:
            confirmed(network.cut())
            server.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    peers.append(server.accept()[0])
            for peer in peers:  # what had arrived before
                while (last := received(peer, 0.05)) not in ("reset", "silence", b""):
                    pass
                assert last != b""
            time.sleep(0.3)
            with pytest.raises(BlockingIOError):
                server.accept()
            for peer in peers:
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    peer.send(b"x")
                assert received(peer, 0.1) in ("silence", b"")  # a reset is told once


def states(here, peer):
    """What ss calls the states of sockets with these two ends, seen from the first."""
    ends = ["src", f"{here[0]}:{here[1]}", "dst", f"{peer[0]}:{peer[1]}"]
    shown = subprocess.run(["ss", "-Htan", *ends], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in shown.splitlines()}


def last_word(connection):
    """How a connection of a server that greets ends, seen from the other side."""
    while (heard := received(connection, 0.05)) == b"hello":
        pass
    assert heard in ("reset", "silence")  # and no orderly end
    return heard


@pytest.mark.parametrize("birth", BIRTHS)
def test_a_server_that_never_stops_accepting_answers_nobody(group, talk, birth):
    talker = talk(birth)
    talker(SERVERS)
    there = tuple(talker("l.getsockname()"))
    stop, made = threading.Event(), []

    def knock():
        while not stop.is_set():
            with contextlib.suppress(OSError):
                made.append(socket.create_connection(there, timeout=0.05))

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        while len(made) < 100:
            time.sleep(0.01)
        talker.move()
        with isolation(group, talker) as network:
            confirmed(network.cut())
            count = len(made)
            time.sleep(0.3)
            assert len(made) <= count + 1
            silent = [connection for connection in made if last_word(connection) == "silence"]
            # A handshake that the cut fell into: our end is connected, its last step was held back, and what the
            # run has of it is no connection that could be ended. The one thread that knocks is in one at a time.
            assert len(silent) <= 1
            for connection in silent:
                assert states(there, connection.getsockname()) <= {"SYN-RECV"}
                connection.send(b"x")
                assert received(connection) in ("silence", "reset")
                assert states(there, connection.getsockname()) <= {"SYN-RECV"}
    finally:
        stop.set()
        knocking.join()
        for connection in made:
            connection.close()


# With the sensor


def by_tag(sensor, group, *talkers):
    """An isolation as the service makes it: the sensor refuses the run's tag."""
    number = sensor.add_run(Run(f"run-{group.run}", "test"))
    for talker in talkers:
        sensor.tag(talker.pid, number, running=True)

    def mark(on):
        (sensor.isolate if on else sensor.join)(number)

    return Isolation(
        group,
        lambda: [t.pid for t in talkers],
        mark,
        lambda: sensor.isolated(number),
        lambda pid: sensor.tag(pid, number),
    )


def test_by_tag_a_socket_from_elsewhere_connects_nowhere(sensor, group, talk):
    talker = talk(BIRTHS[1])
    talker("u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s = socket.socket()")
    talker.move()
    with listener("127.0.0.1") as server:
        network = by_tag(sensor, group, talker)
        try:
            evidence = confirmed(network.cut()).evidence
            assert "the sensor refuses the run's tag: yes" in evidence
            assert talker(f"s.connect({server.getsockname()!r})") == "EPERM"
            assert talker(f"u.sendto(b'x', {server.getsockname()!r})") == "EPERM"
            assert talker.connect(server.getsockname(), "t") == "EPERM"
            confirmed(network.join())
            assert talker.connect(server.getsockname(), "t") is None
        finally:
            network.join()
            network.close()


def test_a_frozen_run_is_tried_by_its_tag(sensor, group, talk):
    talker = talk()
    network = by_tag(sensor, group, talker)
    assert group.freeze()
    try:
        assert confirmed(network.cut()).evidence.endswith("a connect with its tag gives EPERM")
        assert group.pids() == [talker.pid]
        assert confirmed(network.join()).evidence.endswith("a connect with its tag gives 0")
    finally:
        group.thaw()
        network.close()


def test_the_tag_alone_holds_a_process_that_left_the_cgroup(sensor, group, other_group, talk):
    talker = talk()
    other_group.add(talker.pid)
    with listener("127.0.0.1") as server:
        network = by_tag(sensor, group, talker)
        assert network.cut().enforcement == "failed"  # it may listen
        assert talker.connect(server.getsockname()) == "EPERM"
        network.join()
        assert talker.connect(server.getsockname()) is None
        network.close()


# The way back


def test_join_gives_the_network_back_and_what_was_ended_stays_so(group, talk):
    with listener("127.0.0.1") as server:
        talker = talk()
        talker.connect(server.getsockname())
        with isolation(group, talker) as network:
            confirmed(network.cut())
            confirmed(network.cut())
            assert all(len(programs.query(group.descriptor, t)) == 1 for t in programs.ATTACH_TYPES.values())
            evidence = confirmed(network.join()).evidence
            assert "BPF_PROG_QUERY shows 0 of 6" in evidence
            assert not any(programs.query(group.descriptor, t) for t in programs.ATTACH_TYPES.values())
            assert talker("s.send(b'x')") in ("EPIPE", "ECONNABORTED")
            server.accept()
            assert talker.connect(server.getsockname(), "t") is None
            talker("t.send(b'again')")
            assert received(server.accept()[0]) == b"again"
            talker("l = socket.create_server(('127.0.0.1', 0))")
            socket.create_connection(talker("l.getsockname()"), timeout=2).close()
            confirmed(network.cut())
            confirmed(network.join())


ISOLATOR = """
import sys, time
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.cgroupfs import Place
from enforcer.linux.isolation import Isolation
from pathlib import Path
import os
directory = Path(sys.argv[1])
group = RunCgroup("it", Place(directory.parent, sys.argv[2]), os.open(directory, os.O_RDONLY))
group.directory, group.path = directory, sys.argv[2]
network = Isolation(group, list, lambda on: None, lambda: True)
outcome = network.cut()
print(outcome.enforcement, outcome.evidence, flush=True)
time.sleep(60)
"""


def test_when_lictor_is_killed_the_run_is_free_again(group, talk):
    with listener("127.0.0.1") as server:
        talker = talk()
        isolator = subprocess.Popen(
            [sys.executable, "-c", ISOLATOR, group.directory, group.path], stdout=subprocess.PIPE, text=True
        )
        assert isolator.stdout.readline().startswith("confirmed")
        assert talker.connect(server.getsockname()) == "EPERM"
        assert all(programs.query(group.descriptor, t) for t in programs.ATTACH_TYPES.values())
        isolator.send_signal(signal.SIGKILL)
        isolator.communicate()
        until = time.monotonic() + 5
        while any(programs.query(group.descriptor, t) for t in programs.ATTACH_TYPES.values()):
            assert time.monotonic() < until
            time.sleep(0.01)
        assert talker.connect(server.getsockname()) is None
