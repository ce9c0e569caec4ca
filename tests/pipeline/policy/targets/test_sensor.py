from __future__ import annotations

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.targets.interface import Wanted
from pipeline.policy.targets.sensor import KILLED_BEFORE_RETURN, REFUSED_IN_CGROUP, STOPPED_BEFORE_RETURN, Sensor

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def program(*rules):
    lines = "\n".join(f"- {{ id: r{i}, {rule} }}" for i, rule in enumerate(rules))
    return compile_policies([load_policy(f"lictor: 1\nname: p\nrules:\n{lines}", "p")], CONTEXT)


def answer(sensor, rule, operations, action="deny"):
    (found,) = sensor.answers(program(rule), [Wanted("r0", "p", action, frozenset(operations))])
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


FROZEN = "then the run is frozen until that is decided"


@pytest.mark.parametrize(
    ("action", "file", "connection"),
    [
        ("ask", f"{STOPPED_BEFORE_RETURN}, {FROZEN}", f"{REFUSED_IN_CGROUP}, {FROZEN}"),
        ("deny", KILLED_BEFORE_RETURN, REFUSED_IN_CGROUP),
        ("freeze", f"{STOPPED_BEFORE_RETURN}, {FROZEN}", f"{REFUSED_IN_CGROUP}, {FROZEN}"),
        ("isolate", f"{KILLED_BEFORE_RETURN}, then the run loses its network", f"{REFUSED_IN_CGROUP}, then the run loses its network"),
        ("kill", KILLED_BEFORE_RETURN, REFUSED_IN_CGROUP),
    ],
)  # fmt: skip
def test_a_share_says_what_the_kernel_does_and_what_follows(action, file, connection):
    found = answer(Sensor(), f"on: exec, match: {{ path: /x }}, action: {action}", ["exec"], action)
    assert [s.where for s in found.shares] == [file]
    found = answer(Sensor(), f"on: net.connect, match: {{ port: 22 }}, action: {action}", ["net.connect"], action)
    assert [s.where for s in found.shares] == [connection]


def test_a_default_says_so_too():
    text = "lictor: 1\nname: p\ndefaults: { exec: ask }"
    asking = compile_policies([load_policy(text, "p")], CONTEXT)
    (found,) = Sensor().answers(asking, [Wanted("default:exec", "p", "ask", frozenset({"exec"}))])
    assert [s.where for s in found.shares] == [f"{STOPPED_BEFORE_RETURN}, {FROZEN}"]


def test_a_default_that_the_kernel_stops_otherwise_is_left():
    """One policy asks, the other denies: the kernel has the surer one, and nobody is held by it."""
    texts = [f"lictor: 1\nname: p{i}\ndefaults: {{ exec: {a} }}" for i, a in enumerate(("ask", "deny"))]
    both = compile_policies([load_policy(text, f"p{i}") for i, text in enumerate(texts)], CONTEXT)
    wanted = [Wanted("default:exec", f"p{i}", a, frozenset({"exec"})) for i, a in enumerate(("ask", "deny"))]
    held, denied = Sensor().answers(both, wanted)
    assert held.shares == ()
    assert [s.where for s in denied.shares] == [KILLED_BEFORE_RETURN]
