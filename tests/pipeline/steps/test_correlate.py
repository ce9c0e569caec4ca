"""The step from a judged batch to the batch with the verdicts of sequences."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.sequences import planned
from pipeline.steps.correlate import Correlate
from pipeline.steps.judge import JUDGED, Judge

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
EGRESS = """
  - id: egress
    sequence: [ { on: file.read, match: { label: credential } }, { on: net.connect, match: { net: external } } ]
    within: 60s
    action: ACTION
    mode: MODE
    severity: critical"""
READ = {"operation": "file.read", "intent": "read", "path": "/home/u/.ssh/id_rsa", "process_key": 1}
CONNECT = {"operation": "net.connect", "dst_ip": "8.8.8.8", "dst_port": 443, "process_key": 1}


def program(rules, action="isolate", mode="enforce"):
    text = f"lictor: 1\nname: p\nrules:{rules}\n".replace("ACTION", action).replace("MODE", mode)
    return compile_policies([load_policy(text, "p.yaml")], CONTEXT)


def batch(rows):
    rows = [{"agent_run": "r", "time_ns": 10**9 * i, "seq": i, "cpu": 0} | r for i, r in enumerate(rows)]
    names = [c.name for c in schema.ACTIVITY if any(c.name in r for r in rows)]
    columns = {n: pa.array([r.get(n) for r in rows], schema.lake_type("activity", n)) for n in names}
    return schema.batch(
        "activity", {n: a.dictionary_encode() if pa.types.is_string(a.type) else a for n, a in columns.items()}
    )


def correlated(rows, compiled, found=None):
    return Correlate(planned(compiled), (found if found is not None else []).append)(batch(rows))


def test_completing_row_bears_the_rule_and_the_others_stay():
    found = []
    compiled = program(EGRESS)
    out = correlated([READ, CONNECT], compiled, found)
    assert out.select(JUDGED).to_pylist() == [
        dict.fromkeys(JUDGED),
        {
            "verdict": "isolate",
            "rule": "egress",
            "policy": "p",
            "policy_version": compiled.version,
            "severity": "critical",
        },
    ]
    assert [b.to_pylist()[0]["rule"] for b in found] == ["egress"]


def test_batch_in_which_nothing_completes_is_returned_as_it_is():
    rows = batch([CONNECT, READ])
    found = []
    assert Correlate(planned(program(EGRESS)), found.append)(rows) is rows
    assert not found
    assert Correlate(planned(program(EGRESS)), found.append)(rows.slice(0, 0)).num_rows == 0


@pytest.mark.parametrize(
    ("action", "given", "wanted"),
    [
        ("deny", "kill", "kill"),
        ("kill", "deny", "kill"),
        ("deny", "deny", "given"),
        ("audit", "allow", "audit"),
        ("audit", None, "audit"),
        ("audit", "unheard of", "audit"),
    ],
)
def test_stronger_verdict_stays(action, given, wanted):
    rows = [READ, CONNECT | {"verdict": given, "rule": "given", "policy": "q"}]
    row = correlated(rows, program(EGRESS, action)).to_pylist()[1]
    if wanted == "given":
        assert (row["verdict"], row["rule"]) == (given, "given")
    else:
        assert row["verdict"] == wanted


RECORDING = """
  - { id: recorded, on: net.connect, action: kill, mode: audit }"""


def test_rule_that_only_records_never_hides_one_that_stops():
    judged = {"verdict": "kill", "rule": "recorded", "policy": "p"}
    assert correlated([READ, CONNECT | judged], program(EGRESS + RECORDING, "deny"))["rule"].to_pylist()[1] == "egress"
    others = {"verdict": "deny", "rule": "other", "policy": "p"}
    assert correlated([READ, CONNECT | others], program(EGRESS, "kill", "audit"))["rule"].to_pylist()[1] == "other"
    assert (
        correlated([READ, CONNECT | others | {"verdict": "allow"}], program(EGRESS, "kill", "audit"))[
            "rule"
        ].to_pylist()[1]
        == "egress"
    )


def test_of_two_sequences_the_stronger_speaks_and_of_equal_ones_the_first():
    rules = (
        EGRESS
        + EGRESS.replace("egress", "second").replace("ACTION", "kill")
        + EGRESS.replace("egress", "third").replace("ACTION", "kill")
    )
    found = []
    assert correlated([READ, CONNECT], program(rules), found)["rule"].to_pylist()[1] == "second"
    assert sorted(r["rule"] for b in found for r in b.to_pylist()) == ["egress", "second", "third"]


def test_behind_the_judge_taint_follows_copy_and_child():
    rules = """
  - { id: leak, on: net.connect, match: { taint: credential, net: external }, action: isolate }"""
    compiled = program(rules)
    copy = {"path": "/tmp/x", "dev": 1, "ino": 7}
    rows = [
        CONNECT | {"process_key": 3},
        READ,
        copy | {"operation": "file.create", "intent": "write,create", "process_key": 1},
        copy | {"operation": "file.read", "intent": "read", "process_key": 2},
        {"operation": "fork", "process_key": 2, "child_key": 3},
        CONNECT | {"process_key": 3},
        CONNECT | {"process_key": 4},
    ]
    step = Correlate(planned(compiled), lambda _: None)
    out = step(Judge(compiled)(batch(rows)))
    assert out["verdict"].to_pylist() == ["allow"] * 5 + ["isolate", "allow"]
    assert (step.lost, step.withheld) == (0, 0)


def test_replay_gives_the_same_findings():
    first, second = [], []
    rows = [READ, CONNECT, CONNECT, READ, CONNECT]
    correlated(rows, program(EGRESS), first)
    step = Correlate(planned(program(EGRESS)), second.append)
    for i in range(len(rows)):
        step(batch(rows).slice(i, 1))
    assert [r for b in first for r in b.to_pylist()] == [r for b in second for r in b.to_pylist()]
    assert sum(b.num_rows for b in first) == 2
