"""Which steps rows match, against what a policy of single rules says of the same rows."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.sequences import matching as module
from pipeline.policy.sequences.matching import PathLabeller, planned
from pipeline.steps.judge import Judge

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
STEPS = [
    "on: file.read, match: { label: credential }, unless: { exe: /usr/bin/git }",
    'on: exec, match: { argv: "*--force*" }',
    "on: net.connect, match: { net: external, port: [80, 443] }",
    'on: [file.write, file.rename], match: { path: "/w/**" }',
    "on: net.send, match: { domain: '*.example.com', size: '>=10B' }",
]


def compiled(rules):
    return compile_policies([load_policy(f"lictor: 1\nname: p\nrules:\n{rules}", "p.yaml")], CONTEXT)


def sequence(steps):
    inner = "".join(f"      - {{ {step} }}\n" for step in steps)
    return f"  - id: s\n    sequence:\n{inner}    within: 1s\n    action: deny\n"


def rows():
    paths = ["/home/u/.ssh/id_rsa", "/w/a", "/etc/x", None]
    for operation, intent, path, exe in itertools.product(
        ["file.read", "file.write", "file.rename", "file.delete", "exec"],
        ["read", "read,write", None],
        paths,
        ["/usr/bin/git", None],
    ):
        yield {
            "operation": operation,
            "intent": intent,
            "path": path,
            "path_to": "/w/b",
            "exe": exe,
            "cmdline": "push --force now",
        }
    for operation, ip, port, name, size in itertools.product(
        ["net.connect", "net.send"],
        ["8.8.8.8", "10.0.0.1"],
        [80, 81],
        ["a.example.com", "example.com", None],
        [9, 10, None],
    ):
        yield {"operation": operation, "dst_ip": ip, "dst_port": port, "dst_name": name, "bytes": size}


def batch(rows):
    names = [c.name for c in schema.ACTIVITY if any(c.name in r for r in rows)]
    columns = {n: pa.array([r.get(n) for r in rows], schema.lake_type("activity", n)) for n in names}
    return schema.batch("activity", columns)


def test_step_matches_where_a_rule_of_its_own_would_speak():
    events = list(rows())
    plan = planned(compiled(sequence(STEPS)))
    words = plan.matcher.match(batch(events))
    for i, step in enumerate(STEPS):
        judged = Judge(compiled(f"  - {{ id: r, {step}, action: kill }}"))(
            batch([e | {"agent_run": "r"} for e in events])
        )
        wanted = [v == "kill" for v in judged["verdict"].to_pylist()]
        assert (words[0] >> i & 1).astype(bool).tolist() == wanted, step
        assert any(wanted)


def test_many_steps_take_several_words():
    many = "".join(sequence(STEPS[:2]).replace("id: s", f"id: s{i}") for i in range(40))
    plan = planned(compiled(many))
    words = plan.matcher.match(batch([{"operation": "file.read", "path": "/home/u/.ssh/id_rsa"}]))
    assert words.shape == (2, 1)
    assert [int(w).bit_count() for w in words[:, 0]] == [31, 9]
    assert [s.steps[0].matcher for s in plan.sequences] == list(range(0, 80, 2))


def test_memory_of_the_matcher_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "MOST_KNOWN", 1)
    plan = planned(compiled(sequence(STEPS)))
    events = list(rows())
    wanted = plan.matcher.match(batch(events)).tolist()
    assert plan.matcher.match(batch(events)).tolist() == wanted


def test_program_without_a_memory_has_no_plan():
    assert planned(compiled("  - { id: r, on: exec, action: deny }")) is None


def test_plan_says_what_the_rules_say():
    text = sequence([STEPS[0], "not: true, on: exec", "on: net.connect, match: { taint: credential }, count: 3"])
    text += "  - { id: r, on: exec, match: { rate: 5/s }, action: kill, mode: audit }\n"
    text += "  - { id: t, on: exec, match: { taint: [persistence, credential] }, action: ask, attack: [T1048], owasp: [ASI02], title: T }\n"
    first, rate, taint = (plan := planned(compiled(text))).sequences
    assert [(s.negated, s.count, s.taint) for s in first.steps] == [(False, 1, 0), (True, 1, 0), (False, 3, 1)]
    assert (first.id, first.policy, first.action, first.severity, first.within_ns, first.by) == (
        "s",
        "p",
        "deny",
        "medium",
        10**9,
        "agent_run",
    )
    assert [(s.count, s.taint) for s in rate.steps] == [(6, 0)]
    assert (rate.within_ns, rate.by, rate.enforce) == (10**9, "agent_run", False)
    assert taint.steps[0].taint == 3
    assert (taint.by, taint.title, taint.attack) == ("process", "T", ("T1048", "ASI02"))
    assert plan.recording == {("p", "r")}
    assert plan.labeller.labels(pa.array(["/home/u/.ssh/id_rsa", "/w/a", None])).tolist() == [1, 0, 0]


def test_too_many_labels_are_refused():
    names = [f"l{i}" for i in range(63)]
    labels = "".join(f'  {n}: "/{n}/**"\n' for n in names)
    rule = f"rules:\n  - {{ id: t, on: exec, match: {{ taint: [{', '.join(names)}] }}, action: ask }}\n"
    program = compile_policies([load_policy(f"lictor: 1\nname: p\nlabels:\n{labels}{rule}", "p.yaml")], CONTEXT)
    with pytest.raises(ValueError, match="63 labels"):
        planned(program)


def test_labeller_reads_paths_however_they_are_spelt():
    program = compiled("  - { id: t, on: exec, match: { taint: credential }, action: ask }")
    labeller = PathLabeller([program.layers[0].labels["credential"]])
    assert np.array_equal(labeller.labels(pa.array(["/home/u/./.ssh//id_rsa", "/x"]).dictionary_encode()), [1, 0])
