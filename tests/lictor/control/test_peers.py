"""Who asks, as the kernel says: compared with what each asking process was made to be, and with ``/proc``."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lictor.control import peers
from lictor.control.peers import Peer, group_id, login_of, may_see, peer_of, refusal
from lictor.system.posix import user_name
from tests.lictor.control.conftest import AS_TOLD, GROUP, NOBODY, needs_root

AGENT = 1000

_CONNECT = f"""\
{AS_TOLD}
asking = socket.socket(socket.AF_UNIX)
asking.connect(sys.argv[1])
print(os.getpid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["by descriptor", "by number"])
def way(request, monkeypatch):
    """Kernels since 6.5 give a descriptor of the process; on older ones it is opened by number."""
    if request.param == "by number":
        monkeypatch.setattr(peers, "_SO_PEERPIDFD", 9999)
    return request.param


@pytest.fixture
def meet(runtime):
    """Function: (connection, process) of one that connected, as some user, and waits."""
    runtime.mkdir(mode=0o755)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(runtime / "s"))
    (runtime / "s").chmod(0o666)
    listener.settimeout(10)
    listener.listen()
    begun, connections = [], []

    def begin(*who, code=_CONNECT):
        process = subprocess.Popen(
            [sys.executable, "-ISc", code, str(runtime / "s"), *([json.dumps(who)] if who else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
        )  # fmt: skip
        begun.append(process)
        connection, _ = listener.accept()
        connections.append(connection)
        assert process.stdout.readline()
        return connection, process

    yield begin
    for process in begun:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    for connection in [listener, *connections]:
        connection.close()


def nobody(_pid):
    return False


def test_who_runs_the_tests(meet, way):
    connection, process = meet()
    seen = []
    peer = peer_of(connection, lambda pid: seen.append(pid) or True)
    name = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    assert peer == Peer(os.getuid(), process.pid, name, peer.login, agent=True, member=os.getuid() == 0)
    assert seen == [process.pid]


@needs_root
@pytest.mark.parametrize(
    ("who", "member"),
    [
        ((NOBODY, NOBODY, []), False),
        ((NOBODY, NOBODY, [7, GROUP, 9]), True),
        ((NOBODY, GROUP, []), True),
        ((NOBODY, NOBODY, [GROUP + 1]), False),
        ((2**32 - 2, NOBODY, []), False),
        ((0, 0, []), True),
    ],
)
def test_user_and_groups_are_those_that_the_process_has(meet, way, who, member):
    connection, process = meet(*who)
    status = Path(f"/proc/{process.pid}/status").read_text()
    peer = peer_of(connection, nobody, GROUP)
    assert f"\nUid:\t{peer.uid}\t" in status
    assert (peer.uid, peer.pid, peer.member, peer.agent) == (who[0], process.pid, member, False)
    assert peer.user == user_name(who[0])


@needs_root
def test_without_such_a_group_only_root_is_a_member(meet):
    connection, _ = meet(NOBODY, GROUP, [GROUP])
    assert not peer_of(connection, nobody).member


@needs_root
def test_more_groups_than_can_be_read_count_as_none_but_the_own_one_does(meet):
    many = list(range(1000, 1300))
    one, _ = meet(NOBODY, NOBODY, [*many, GROUP])
    other, _ = meet(NOBODY, GROUP, many)
    assert not peer_of(one, nobody, GROUP).member
    assert peer_of(other, nobody, GROUP).member


@needs_root
def test_what_a_process_becomes_after_it_connected_does_not_count(meet):
    """It asks as nobody and is root by the time it is looked at, as one that starts sudo with the connection open."""
    code = _CONNECT.replace("asking =", "os.seteuid(65534)\nasking =").replace("print(", "os.seteuid(0)\nprint(")
    connection, process = meet(code=code)
    assert "\nUid:\t0\t0\t" in Path(f"/proc/{process.pid}/status").read_text()
    peer = peer_of(connection, nobody, GROUP)
    assert (peer.uid, peer.member) == (NOBODY, False)


def test_one_that_has_ended_is_nobody(meet, way):
    connection, process = meet()
    process.communicate()
    with pytest.raises(OSError, match="No such process"):
        peer_of(connection, nobody)


def test_one_that_has_ended_and_is_not_waited_for_is_nobody(meet, way):
    connection, process = meet()
    process.stdin.close()
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.005)
    with pytest.raises(OSError, match="No such process"):
        peer_of(connection, nobody)


def test_on_kernels_that_give_no_descriptor_of_the_dead_nobody_is_looked_up_by_number(meet):
    connection, _ = meet()

    class Older:
        """Since 6.5, and until descriptors outlived their processes, the answer was: no such process."""

        def getsockopt(self, level, option, *size):
            if option == peers._SO_PEERPIDFD:
                raise ProcessLookupError(errno.ESRCH, "No such process")
            return connection.getsockopt(level, option, *size)

    with pytest.raises(OSError, match="No such process"):
        peer_of(Older(), nobody)


def test_one_that_ends_while_it_is_looked_at_is_nobody(meet, way):
    connection, process = meet()
    with pytest.raises(OSError, match="No such process"):
        peer_of(connection, lambda _: bool(process.communicate()) and False)


@needs_root
def test_another_process_with_the_number_of_one_that_ended_is_not_taken_for_it(meet):
    connection, process = meet()
    process.communicate()
    other = with_pid(process.pid)
    try:
        assert Path(f"/proc/{process.pid}").exists()
        with pytest.raises(OSError, match="No such process"):
            peer_of(connection, nobody)
    finally:
        os.kill(other, 9)
        os.waitpid(other, 0)


def with_pid(pid):
    """A sleeping child with this pid: the kernel is asked to go on counting below it."""
    last = Path("/proc/sys/kernel/ns_last_pid")
    if not os.access(last, os.W_OK):
        pytest.skip("this kernel gives no pid by choice (no CONFIG_CHECKPOINT_RESTORE)")
    for _ in range(200):
        last.write_text(str(pid - 1))
        child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
        if child == pid:
            return child
        os.kill(child, 9)
        os.waitpid(child, 0)
    raise AssertionError("too much else is started on this machine to get a pid by choice")


@needs_root
def test_who_had_logged_in_is_told_beside_the_user(meet):
    code = "open('/proc/self/loginuid', 'w').write('65534')\n" + _CONNECT
    connection, process = meet(code=code)
    peer = peer_of(connection, nobody)
    assert (peer.user, peer.login) == (user_name(0), user_name(NOBODY))
    assert login_of(process.pid) == user_name(NOBODY)


def test_where_the_kernel_notes_no_login_there_is_none(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "read_text", missing)
    assert login_of(os.getpid()) is None


@pytest.mark.parametrize("uid", [0, NOBODY, 2**32 - 2])
def test_names_are_those_of_the_user_database(uid):
    found = subprocess.run(["getent", "passwd", str(uid)], capture_output=True, text=True, check=False).stdout
    assert user_name(uid) == (found.partition(":")[0] or str(uid))


def test_the_group_is_looked_up_by_name():
    line = subprocess.run(["getent", "group", "0"], capture_output=True, text=True, check=True).stdout.split(":")
    assert group_id(line[0]) == 0
    assert group_id("no such group") is None


ROOT = Peer(0, 1, "root", member=True)
MEMBER = Peer(7, 1, "anna", member=True)
OTHER = Peer(8, 1, "bert")
OWNER = Peer(AGENT, 1, "dev")


@pytest.mark.parametrize(
    ("peer", "agent_uid", "because"),
    [
        (ROOT, AGENT, None),
        (MEMBER, AGENT, None),
        (ROOT, None, None),
        (MEMBER, None, None),
        (OTHER, AGENT, "bert may not decide: ask root, or a member of group lictor"),
        (OTHER, None, "bert may not decide"),
        (OWNER, AGENT, "dev may not decide"),
        (ROOT, 0, "the agent runs as root, and the same user may not decide"),
        (MEMBER, 7, "the agent runs as anna, and the same user may not decide"),
        (Peer(0, 5, "root", agent=True, member=True), AGENT, "process 5 belongs to an agent's run"),
        (Peer(7, 5, "anna", agent=True, member=True), None, "process 5 belongs to an agent's run"),
        (Peer(AGENT, 5, "dev", agent=True), AGENT, "an agent decides nothing"),
    ],
)
def test_who_may_decide(peer, agent_uid, because):
    why = refusal(peer, agent_uid)
    assert why is None if because is None else because in why


@pytest.mark.parametrize(
    ("peer", "seen"),
    [(ROOT, True), (MEMBER, True), (OWNER, True), (OTHER, False), (Peer(AGENT, 5, "dev", agent=True), False),
     (Peer(0, 5, "root", agent=True, member=True), False)],
)  # fmt: skip
def test_who_may_see(peer, seen):
    assert may_see(peer, AGENT) is seen


@pytest.mark.parametrize("agent", [True, False])
@pytest.mark.parametrize("member", [True, False])
@pytest.mark.parametrize("uid", [0, AGENT, 7])
@pytest.mark.parametrize("agent_uid", [0, AGENT, 7])
def test_who_may_decide_also_sees(agent, member, uid, agent_uid):
    """The command relies on it: what a person does not see, a service would refuse."""
    peer = Peer(uid, 1, "x", agent=agent, member=member)
    assert refusal(peer, agent_uid) is not None or may_see(peer, agent_uid)
