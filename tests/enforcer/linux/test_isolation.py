"""What is made of what was seen: an outcome, and one line of evidence. Effects: ``tests/kernel/test_isolation.py``."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from collectors.interface import CollectorError
from enforcer.interface import Outcome
from enforcer.linux import isolation
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.isolation import Isolation, is_frozen
from enforcer.linux.network import programs
from enforcer.linux.network.sweep import Swept


@pytest.fixture
def group(place):
    with RunCgroup.create("r", [place]) as made:
        yield made


def ignore(_on):
    """A sensor that is not there."""


class Machine:
    """Stands for the kernel: what it would show is said by the test."""

    def __init__(self):
        self.standing = list(programs.ATTACH_TYPES)
        self.marked = True
        self.answer = errno.EPERM
        self.swept = Swept(settled=True, members={7})
        self.asked = []


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(programs.Programs, "attach", lambda *_: None)
    monkeypatch.setattr(programs.Programs, "detach", lambda *_: made.asked.append("detach"))
    monkeypatch.setattr(programs.Programs, "standing", lambda *_: made.standing)
    monkeypatch.setattr(isolation.Sweeper, "sweep", lambda _: made.swept)

    def connect(where, tag):
        made.asked.append((where, tag))
        if isinstance(made.answer, Exception):
            raise made.answer
        return made.answer

    monkeypatch.setattr(isolation.probe, "connect_from", connect)
    return made


@pytest.fixture
def network(group, machine):
    return Isolation(group, list, machine.asked.append, lambda: machine.marked)


# Cutting


def test_all_that_is_seen_makes_it_confirmed(network, machine, group):
    machine.swept.ended.update(tcp=2, udp=1)
    machine.swept.harmless = {("unix", 1), ("unix", 2), ("netlink", 3)}
    assert network.cut() == Outcome(
        "confirmed",
        "1 process: 2 tcp sockets destroyed, 1 udp socket destroyed, 1 netlink socket left as harmless, "
        "2 unix sockets left as harmless; "
        f"BPF_PROG_QUERY shows 6 of 6 programs on {group.path}; the sensor refuses the run's tag: yes; "
        "a connect from within gives EPERM",
    )
    assert machine.asked == [True, (group.directory, None)]


@pytest.mark.parametrize(
    ("change", "enforcement", "told"),
    [
        ({"standing": ["cgroup_skb/ingress"]}, "failed", "BPF_PROG_QUERY shows 1 of 6 programs on "),
        ({"marked": False}, "failed", "the sensor refuses the run's tag: no"),
        ({"answer": 0}, "failed", "a connect from within was not refused: it gave 0"),
        ({"answer": errno.ECONNREFUSED}, "failed", "a connect from within was not refused: it gave ECONNREFUSED"),
        ({"answer": None}, "unverified", "a connect from within gave no answer within 0.2 s"),
        ({"answer": OSError("no process")}, "unverified", "a connect from within could not be tried: no process"),
        ({"answer": CollectorError("no tag")}, "unverified", "a connect from within could not be tried: no tag"),
        ({"swept": Swept(settled=False)}, "failed", "sockets are handed around faster than they can be ended"),
        ({"swept": Swept(settled=True, left={"a raw socket stays"})}, "failed", "a raw socket stays"),
        ({"swept": Swept(settled=True, outside={2**22})}, "failed", "outside of /"),
    ],
)
def test_what_is_missing_comes_first(network, machine, change, enforcement, told):
    for name, value in change.items():
        setattr(machine, name, value)
    outcome = network.cut()
    assert outcome.enforcement == enforcement
    assert outcome.evidence.startswith(told)
    assert "\n" not in outcome.evidence


def test_each_step_is_done_though_the_one_before_was_refused(group, machine, monkeypatch):
    def refuse(*_):
        raise CollectorError("refused")

    monkeypatch.setattr(programs.Programs, "attach", refuse)
    machine.standing = []
    outcome = Isolation(group, list, refuse, lambda: False).cut()
    assert outcome.enforcement == "failed"
    assert outcome.evidence.startswith("refused; refused; BPF_PROG_QUERY shows 0 of 6")
    assert "1 process: no socket was there to destroy" in outcome.evidence


def test_long_lists_are_cut_short(network, machine):
    machine.swept.left = {f"socket {n}" for n in range(9)}
    machine.swept.outside = {os.getpid(), 2**22, 2**22 + 1, 2**22 + 2}
    evidence = network.cut().evidence
    assert evidence.startswith("socket 0; socket 1; socket 2; and 6 more; outside of ")
    name = Path("/proc/self/comm").read_text().strip()
    assert f"listen: {os.getpid()} ({name}), 4194304 (gone), 4194305 (gone), and 1 more; " in evidence


def test_others_who_lost_a_socket_are_named(network, machine, monkeypatch):
    machine.swept.silenced = machine.swept.foreign = {5}
    machine.swept.live = 3
    monkeypatch.setattr(isolation, "others", lambda *_: ([os.getpid()], False))
    evidence = network.cut().evidence
    assert "all packets of 3 more dropped, 1 made outside of the cgroup silenced for good; " in evidence
    assert f"those were also held by {os.getpid()} (" in evidence
    assert "among the processes that could be asked in time" in evidence


# A frozen run


def test_a_frozen_run_is_tried_with_its_tag_alone(group, machine):
    tags = []
    network = Isolation(group, list, ignore, lambda: True, tags.append)
    group.freeze()
    try:
        assert network.cut().evidence.endswith("a connect with its tag gives EPERM")
    finally:
        group.thaw()
    assert machine.asked == [(None, tags.append)]


def test_without_a_tag_a_frozen_run_is_not_tried(network, machine, group):
    group.freeze()
    try:
        outcome = network.cut()
    finally:
        group.thaw()
    assert outcome.confirmed
    assert outcome.evidence.endswith("the run is frozen, so no connect was tried from within")
    assert machine.asked == [True]


def test_frozen_is_what_the_kernel_says_of_the_group_or_of_one_above(group, place):
    assert not is_frozen(group.directory)
    above = place.directory / "cgroup.freeze"
    above.write_text("1")
    assert is_frozen(group.directory)
    above.write_text("0")
    (group.directory / "cgroup.freeze").write_text("1")
    assert is_frozen(group.directory)
    (group.directory / "cgroup.freeze").write_text("0")
    assert not is_frozen(place.directory / "none")


# Joining


@pytest.fixture
def joined(machine):
    machine.standing, machine.marked, machine.answer = [], False, 0
    return machine


def test_join_is_confirmed_when_nothing_of_ours_is_left(network, joined, group):
    assert network.join() == Outcome(
        "confirmed",
        f"BPF_PROG_QUERY shows 0 of 6 programs on {group.path}; the sensor refuses the run's tag: no; "
        "a connect from within gives 0",
    )
    assert joined.asked == ["detach", False, (group.directory, None)]


@pytest.mark.parametrize(
    ("change", "enforcement", "told"),
    [
        ({"standing": ["cgroup/connect4"]}, "failed", "BPF_PROG_QUERY shows 1 of 6"),
        ({"marked": True}, "failed", "the sensor refuses the run's tag: yes"),
        ({"answer": errno.EPERM}, "unverified", "a connect from within is still refused, by something else"),
        ({"answer": None}, "unverified", "a connect from within gave no answer"),
    ],
)
def test_what_is_left_of_it_is_told(network, joined, change, enforcement, told):
    for name, value in change.items():
        setattr(joined, name, value)
    outcome = network.join()
    assert outcome.enforcement == enforcement
    assert outcome.evidence.startswith(told)


def test_a_network_without_ipv4_loopback_counts_as_given_back(network, joined):
    joined.answer = errno.ENETUNREACH
    assert network.join().evidence.endswith("a connect from within gives ENETUNREACH")


# With the kernel


@pytest.mark.kernel
def test_a_group_that_is_gone_is_one_line(group):
    network = Isolation(group, list, ignore, lambda: True)
    group.remove()
    outcome = network.cut()
    assert outcome.enforcement == "failed"
    assert "the kernel did not attach cgroup" in outcome.evidence
    assert "\n" not in outcome.evidence
    assert network.join().enforcement == "failed"


@pytest.mark.kernel
def test_close_takes_the_programs_off_and_may_be_said_twice(group):
    network = Isolation(group, list, ignore, lambda: True)
    network.close()
    assert network.cut().confirmed
    network.close()
    network.close()
    assert not any(programs.query(group.descriptor, number) for number in programs.ATTACH_TYPES.values())


@pytest.mark.kernel
def test_programs_that_are_not_built_fail_with_the_next_step(group, monkeypatch, tmp_path):
    monkeypatch.setattr(programs, "_loaded", None)
    monkeypatch.setattr(programs, "OBJECT", tmp_path / "none")
    outcome = Isolation(group, list, ignore, lambda: True).cut()
    assert outcome.enforcement == "failed"
    assert "run `make sensor`" in outcome.evidence
