from __future__ import annotations

import time
from pathlib import Path

from pipeline import schema
from pipeline.policy.analysis.lint import KINDS, lint
from pipeline.policy.load import read_policies

ROOT = Path(__file__).parents[4]

POLICY = """
lictor: 1
name: p
scope: { users: ["a/b"] }
defaults: { file.write: deny, file.delete: deny }
holds: { ask: release }
rules:
  - { id: hidden, on: file.write, match: { path: /etc/x }, action: allow }
  - { id: stop, on: file.write, match: { path: "/etc/**" }, action: deny, because: no }
  - { id: dead, on: network, match: { ip: 10.0.0.1, net: loopback }, action: deny }
  - { id: wide, on: file.write, match: { path: "~/**" }, action: allow }
  - { id: same, on: file.delete, match: { path: /a }, action: deny, because: no }
  - { id: part, on: file.write, match: { path: "~/x" }, action: deny, because: no }
"""


def test_each_kind_of_fault_is_found_once_and_the_gravest_comes_first(world):
    found = lint(world.load(POLICY), world.context)
    told = {(f.rule, f.kind) for f in found}
    assert {
        ("hidden", "shadowed"), ("dead", "unreachable"), (None, "unreachable"), ("wide", "over-broad"), ("same", "redundant"),
        ("wide", "contradictory"), (None, "no-tests"), (None, "fail-open"), ("same", "after-the-fact"),
    } <= told  # fmt: skip
    assert {f.kind for f in found} <= set(KINDS)
    grave = [schema.SEVERITIES.index(f.severity) for f in found]
    assert grave == sorted(grave, reverse=True)
    assert all(f.place.startswith("p.yaml:") for f in found)


def test_of_a_dead_rule_nothing_else_is_said(world):
    assert [f.kind for f in lint(world.load(POLICY), world.context) if f.rule == "dead"] == ["unreachable"]


def test_our_own_policies_have_no_grave_faults(world):
    for path in sorted((ROOT / "policies").glob("*.yaml")):
        (policy,) = read_policies([path])
        grave = [f for f in lint(policy, world.context) if f.kind in ("unreachable", "shadowed")]
        assert not grave, grave


def test_a_thousand_rules_take_seconds(world):
    rules = "".join(
        f'  - {{ id: r{i}, on: [file.write, file.delete], match: {{ path: ["/srv/a{i % 97}/**", "**/n{i}", "/opt/*/x{i}"] }}, '
        f"action: {'allow' if i % 3 else 'deny'} }}\n"
        for i in range(1000)
    )
    begun = time.process_time()
    assert lint(world.load(f"lictor: 1\nname: p\ndefaults: {{ file.write: deny }}\nrules:\n{rules}"), world.context)
    assert time.process_time() - begun < 30
