"""A run in the sensor's map of isolated ones reaches nobody, whatever its policy says; whoever is not in it is left alone.

Only the tag is tried here: no cgroup is touched, no socket ended. A listener of the test's tells who arrived.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket

import pyarrow as pa
import pytest

from collectors.interface import Run
from enforcer.linux.kernel import InstalledPolicy
from lictor.context import local_context
from pipeline import schema
from pipeline.policy.compile import compile_policies
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import load_policy
from pipeline.steps.judge import Judge
from tests.kernel.talker import Talker, listener

pytestmark = pytest.mark.kernel

POLICIES = {
    "no policy": None,
    "one that allows": "defaults: { network: allow }",
    "one that only records": "mode: audit\ndefaults: { network: deny }",
    "one that asks": "defaults: { network: ask }",
    "one that kills": "defaults: { network: kill }",
}
SCOPE = 9


@pytest.fixture
def installed(sensor):
    """Function: puts a policy into the sensor; its program and the number of its scope."""
    with contextlib.ExitStack() as stack:

        def install(text):
            if text is None:
                return None, 0
            program = compile_policies([load_policy(f"lictor: 1\nname: p\n{text}", "p")], local_context("test"))
            stack.callback(InstalledPolicy(kernel_plan(program), SCOPE, sensor.map, sensor.seed).remove)
            return program, SCOPE

        yield install


@pytest.fixture
def talk(sensor):
    """Function: a process of a new run, which does with sockets what it is told; its run's number at ``number``."""
    with contextlib.ExitStack() as stack:

        def make(scope=0):
            talker = Talker()
            stack.callback(talker.close)
            talker.run = f"run-{talker.pid}"
            talker.number = sensor.add_run(Run(talker.run, "test"))
            sensor.tag(talker.pid, talker.number, scope=scope, running=True)
            stack.callback(sensor.join, talker.number)
            return talker

        yield make


@pytest.fixture
def server():
    with listener("127.0.0.1") as made:
        made.settimeout(0.3)
        yield made


def arrives(server):
    """Whether somebody has connected."""
    with contextlib.suppress(TimeoutError):
        server.accept()[0].close()
        return True
    return False


def rows(sensor, talker, program=None):
    """The run's network rows, judged where it has a program."""
    batches = [b for b in sensor.batches(lambda: True) if b.num_rows]
    judge = Judge(program) if program else lambda batch: batch
    table = pa.concat_tables([schema.conform(judge(b), "activity") for b in batches])
    return [r for r in table.to_pylist() if r["agent_run"] == talker.run and r["class"] == "network"]


@pytest.mark.parametrize("name", POLICIES)
def test_an_isolated_run_is_refused_whatever_its_policy_says(sensor, installed, talk, server, name):
    program, scope = installed(POLICIES[name])
    talker = talk(scope)
    sensor.isolate(talker.number)
    assert talker.connect(server.getsockname()) == "EPERM"
    assert not arrives(server)
    (row,) = rows(sensor, talker, program)
    said = [row[c] for c in ("operation", "verdict", "rule", "action", "enforced_at", "outcome", "errno")]
    wanted = "default:network" if name == "one that kills" else "isolated"
    kind = "kill" if name == "one that kills" else "isolate"
    assert said == ["net.connect", kind, wanted, "deny", "kernel", "denied", errno.EPERM]


def test_join_gives_it_back_and_each_step_is_read_back_from_the_kernel(sensor, talk, server):
    talker = talk()
    assert not sensor.isolated(talker.number)
    sensor.isolate(talker.number)
    assert sensor.isolated(talker.number)
    assert talker.connect(server.getsockname()) == "EPERM"
    sensor.join(talker.number)
    assert not sensor.isolated(talker.number)
    assert talker.connect(server.getsockname()) is None
    assert arrives(server)
    assert [r["verdict"] for r in rows(sensor, talker)] == ["isolate", None]
    sensor.join(talker.number)  # may be said twice


def test_under_a_policy_that_denies_it_is_denied_again_after_the_join(sensor, installed, talk, server):
    _, scope = installed("defaults: { network: deny }")
    talker = talk(scope)
    sensor.isolate(talker.number)
    sensor.join(talker.number)
    assert talker.connect(server.getsockname()) == "EPERM"
    assert [r["verdict"] for r in rows(sensor, talker)] == ["deny"]


def test_other_runs_and_those_of_nobody_go_on(sensor, talk, server):
    cut, other, cut_too = talk(), talk(), talk()
    sensor.isolate(cut.number)
    sensor.isolate(cut_too.number)
    assert other.connect(server.getsockname()) is None
    assert arrives(server)
    with socket.create_connection(server.getsockname(), 5):  # ours, without a tag
        assert arrives(server)
    sensor.join(cut_too.number)  # one comes back, the other stays
    assert cut.connect(server.getsockname()) == "EPERM"
    assert cut_too.connect(server.getsockname()) is None
    assert arrives(server)


def test_its_children_are_of_the_run_too(sensor, talk, server):
    talker = talk()
    sensor.isolate(talker.number)
    script = f"import socket; print(socket.socket().connect_ex({server.getsockname()}))"
    line = f"__import__('subprocess').run([sys.executable, '-I', '-c', {script!r}], capture_output=True).stdout"
    assert talker(line) == f"{errno.EPERM}\n"
    assert not arrives(server)


@pytest.mark.parametrize("send", ["s.sendto(b'x', address)", "s.sendmsg([b'x'], [], 0, address)", "s.connect(address)"])
def test_no_datagram_with_an_address_leaves(sensor, talk, send):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.3)
        talker = talk()
        talker("s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)")
        talker(f"address = {receiver.getsockname()}")
        sensor.isolate(talker.number)
        assert talker(send) == "EPERM"
        with pytest.raises(TimeoutError):
            receiver.recv(10)
        assert {r["verdict"] for r in rows(sensor, talker)} == {"isolate"}
        sensor.join(talker.number)
        assert talker(send) in (1, None)
        if "connect" in send:
            talker("s.send(b'x')")
        assert receiver.recv(10) == b"x"


def test_over_ipv6_as_well(sensor, talk):
    try:
        made = listener("::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with made as server:
        server.settimeout(0.3)
        talker = talk()
        sensor.isolate(talker.number)
        assert talker.connect(server.getsockname()) == "EPERM"
        assert not arrives(server)
        sensor.join(talker.number)
        assert talker.connect(server.getsockname()) is None


def test_unix_sockets_stay_since_they_are_no_network(sensor, talk, tmp_path):
    path = os.fspath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        talker = talk()
        sensor.isolate(talker.number)
        talker("s = socket.socket(socket.AF_UNIX)")
        assert talker(f"s.connect({path!r})") is None
