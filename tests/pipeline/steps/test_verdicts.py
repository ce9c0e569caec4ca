"""Judge and memory as one step."""

from __future__ import annotations

import pyarrow as pa

from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.model import TestEvent
from pipeline.policy.testing_rows import batch_of
from pipeline.steps.verdicts import Verdicts

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
SINGLE = "  - { id: one, on: file.read, match: { path: /x }, action: audit }\n"
SEQUENCE = """  - id: two
    sequence: [{ on: file.read, match: { path: /x } }, { on: net.connect }]
    within: 60s
    action: isolate
  - { id: hashed, on: exec, match: { exe_hash: "%s", taint: credential }, action: kill }
""" % ("a" * 64)
EVENTS = batch_of([TestEvent(on="file.read", path="/x"), TestEvent(on="net.connect", dst_ip="1.1.1.1")], CONTEXT)


def step(rules, found):
    return Verdicts(compile_policies([load_policy(f"lictor: 1\nname: p\nrules:\n{rules}", "p")], CONTEXT), found)


def test_what_stands_alone_and_what_comes_together():
    findings = []
    out = step(SINGLE + SEQUENCE, findings.append)(EVENTS)
    assert out["verdict"].to_pylist() == ["audit", "isolate"]
    assert out["rule"].to_pylist() == ["one", "two"]
    assert [r["rule"] for rows in findings for r in rows.to_pylist()] == ["two"]


def test_the_memory_lives_in_the_step():
    judge = step(SEQUENCE, lambda _: None)
    judge(EVENTS.slice(0, 1))
    assert judge(EVENTS.slice(1))["verdict"].to_pylist() == ["isolate"]
    assert step(SEQUENCE, lambda _: None)(EVENTS.slice(1))["verdict"].to_pylist() == ["allow"]


def test_what_costs_much_is_named_also_where_only_a_memory_uses_it():
    assert "exe_hash" in step(SEQUENCE, print).uses
    assert "exe_hash" not in step(SINGLE, print).uses
    assert step(SINGLE, print).lost == 0


def test_an_empty_batch_passes():
    assert step(SINGLE, print)(EVENTS.slice(0, 0)).num_rows == 0
    assert isinstance(EVENTS, pa.RecordBatch)
