from __future__ import annotations

import pytest

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.explain import (
    AUDITED,
    INERT,
    ITSELF_AUDITED,
    KILLED_AFTER,
    KILLED_BEFORE_RETURN,
    NOWHERE,
    REFUSED_IN_CGROUP,
    explain_enforcement,
)
from pipeline.policy.load import load_policy
from pipeline.policy.targets.sensor import STOPPED_BEFORE_RETURN
from pipeline.policy.targets.userspace import CUT_AFTER, HELD_AFTER

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")


def explained(defaults="", *rules, mode="enforce"):
    lines = "\n".join(f"- {{ id: r{i}, {rule} }}" for i, rule in enumerate(rules)) or "  []"
    text = f"lictor: 1\nname: p\nmode: {mode}\ndefaults: {{ {defaults} }}\nrules:\n{lines}"
    found = explain_enforcement(compile_policies([load_policy(text, "p")], CONTEXT))
    return [(e.rule, e.operations, e.where, e.reason) for e in found]


@pytest.mark.parametrize(
    ("rule", "ways"),
    [
        ("on: file.read, match: { path: /x }, action: deny", [(("file.read",), KILLED_BEFORE_RETURN, "")]),
        ("on: exec, match: { path: /x }, action: kill", [(("exec",), KILLED_BEFORE_RETURN, "")]),
        ("on: network, match: { port: 22 }, action: deny", [(("net.connect", "net.send"), REFUSED_IN_CGROUP, "")]),
        ("on: net.bind, action: deny", [(("net.bind",), KILLED_AFTER, "net.bind: decided in user space")]),
        ("on: exit, action: deny, best_effort: true", [(("exit",), NOWHERE, "nothing is left to stop")]),
        ("on: file.read, match: { path: /x }, action: audit", []),
        (
            "on: file.read, match: { path: [/x, '/etc/*.conf'] }, action: deny",
            [
                (("file.read",), KILLED_BEFORE_RETURN, ""),
                (("file.read",), KILLED_AFTER, "path '/etc/*.conf' is a pattern; the kernel looks up whole names"),
            ],
        ),
        (
            "on: [file.write, file.delete], match: { path: /x }, action: deny",
            [
                (("file.write",), KILLED_BEFORE_RETURN, ""),
                (("file.delete",), KILLED_AFTER, "file.delete: decided in user space"),
            ],
        ),
    ],
)
def test_ways_of_a_rule(rule, ways):
    assert explained("", rule) == [("r0", *way) for way in ways]


@pytest.mark.parametrize(
    ("action", "kernel", "afterwards"),
    [
        ("ask", f"{STOPPED_BEFORE_RETURN}, then the run is frozen until that is decided", HELD_AFTER),
        ("freeze", f"{STOPPED_BEFORE_RETURN}, then the run is frozen until that is decided", HELD_AFTER),
        ("isolate", f"{KILLED_BEFORE_RETURN}, then the run loses its network", CUT_AFTER),
    ],
)
def test_what_an_action_does_besides_is_said_in_both_places(action, kernel, afterwards):
    rule = f"on: file.read, match: {{ path: [/x, '/etc/*.conf'] }}, action: {action}"
    assert [way[2] for way in explained("", rule)] == [kernel, afterwards]


def test_defaults():
    assert explained("file.write: deny, network: deny, file.delete: deny, exec: allow") == [
        ("default:file.write", ("file.write",), KILLED_BEFORE_RETURN, ""),
        ("default:network", ("net.connect", "net.send"), REFUSED_IN_CGROUP, ""),
        ("default:file.delete", ("file.delete",), KILLED_AFTER, "file.delete: decided in user space"),
    ]


def test_a_default_that_a_pattern_lifts_says_which_rule_keeps_it_out():
    (way,) = explained("file.write: deny", "on: file.write, match: { path: '/w/*.py' }, action: allow")
    assert way[:3] == ("default:file.write", ("file.write",), KILLED_AFTER)
    assert "rule 'r0' lifts it" in way[3]


def test_audit_mode_stops_nothing_anywhere():
    ways = explained("network: deny", "on: file.read, match: { path: /x }, action: deny", mode="audit")
    assert {where for _, _, where, _ in ways} == {AUDITED}
    assert [rule for rule, *_ in ways] == ["r0", "default:network"]


def test_a_rule_beyond_the_kernels_room_is_told_so():
    ways = explained("", *(f"on: file.read, match: {{ path: /w/{i} }}, action: deny" for i in range(65)))
    assert [w for w in ways if w[2] == KILLED_AFTER] == [
        ("r64", ("file.read",), KILLED_AFTER, "the kernel has no place for more rules")
    ]


def test_a_rule_in_audit_mode_stops_nothing_and_the_others_do():
    rule = "on: file.read, match: {{ path: {} }}, action: {}"
    ways = explained("", rule.format("/x", "kill, mode: audit"), rule.format("/y", "deny"))
    assert [w[:3] for w in ways] == [
        ("r0", ("file.read",), ITSELF_AUDITED),
        ("r1", ("file.read",), KILLED_BEFORE_RETURN),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        "sequence: [{ on: file.read }, { on: exec, match: { path: /x } }], within: 1s, action: kill",
        "on: exec, match: { path: /x, rate: 5/s }, action: deny",
        "on: exec, match: { path: /x, taint: credential }, action: deny",
        "on: exec, match: { path: /x, argv: '*y*' }, action: deny",
        "on: exec, match: { path: /x, parent: '**/bash' }, action: deny",
    ],
)
def test_what_the_kernel_does_not_know_is_carried_out_after_the_fact(rule):
    (way,) = explained("", rule)
    assert way[:3] == ("r0", ("exec",), KILLED_AFTER)
    assert way[3]


def test_a_label_is_carried_out_as_its_paths_are():
    (way,) = explained("", "on: file.read, match: { label: guard, exe: /x }, action: deny")[:1]
    assert way[:3] == ("r0", ("file.read",), KILLED_BEFORE_RETURN)


UNKNOWN = RunContext("/w", "/home/u", {}, "u", "h", "a", {"domain": "no source here tells names"})
BY_NAME = """lictor: 1
name: p
defaults: { network: deny }
rules:
  - { id: site, on: network, match: { domain: a.example }, action: allow }
  - { id: bad, on: network, match: { domain: b.example }, action: deny, best_effort: true }
"""


def test_rules_that_never_match_here_keep_nothing_out_of_the_kernel_and_are_told():
    found = explain_enforcement(compile_policies([load_policy(BY_NAME, "p")], UNKNOWN))
    assert [(e.rule, e.where, e.reason) for e in found] == [
        ("site", INERT, "no source here tells names"),
        ("bad", INERT, "no source here tells names"),
        ("default:network", REFUSED_IN_CGROUP, ""),
    ]


def test_where_names_are_known_the_same_rules_keep_the_default_in_user_space():
    found = explain_enforcement(compile_policies([load_policy(BY_NAME, "p")], CONTEXT))
    assert {e.where for e in found if e.rule == "default:network"} == {KILLED_AFTER}
