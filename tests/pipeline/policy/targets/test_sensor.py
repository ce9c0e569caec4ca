from __future__ import annotations

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.targets.interface import Wanted
from pipeline.policy.targets.sensor import KILLED_BEFORE_RETURN, REFUSED_IN_CGROUP, Sensor

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def program(*rules):
    lines = "\n".join(f"- {{ id: r{i}, {rule} }}" for i, rule in enumerate(rules))
    return compile_policies([load_policy(f"lictor: 1\nname: p\nrules:\n{lines}", "p")], CONTEXT)


def answer(sensor, rule, operations):
    (found,) = sensor.answers(program(rule), [Wanted("r0", "p", "deny", frozenset(operations))])
    return found


def test_a_share_says_how_and_counts_its_entries():
    found = answer(Sensor(), "on: file.read, match: { path: [/x, /y], exe: /bin/a }, action: deny", ["file.read"])
    assert [(s.where, s.cost) for s in found.shares] == [
        (KILLED_BEFORE_RETURN, "2 names, 1 program in the kernel's tables")
    ]
    assert not found.reasons


def test_without_network_hooks_connections_are_left_with_the_reason():
    rule, operations = "on: network, match: { port: 22 }, action: deny", ["net.connect", "net.send"]
    assert [s.where for s in answer(Sensor(), rule, operations).shares] == [REFUSED_IN_CGROUP]
    refused = answer(Sensor(network=False), rule, operations)
    assert not refused.shares
    assert refused.reasons == ((frozenset(operations), "this kernel refuses the network hooks"),)


def test_a_rule_with_a_memory_is_left():
    found = answer(Sensor(), "on: net.connect, match: { taint: credential }, action: deny", ["net.connect"])
    assert not found.shares
    assert "what went before" in found.reasons[0][1]
