from __future__ import annotations

import datetime as dt
import json

from pipeline import schema
from pipeline.policy.sequences.findings import finding, finding_id, finding_rows
from pipeline.policy.sequences.plan import SequencePlan, StepPlan

PLAN = SequencePlan("s", "p", "deny", (StepPlan(0),), 1, severity="high", title="A title", attack=("T1048", "ASI02"))


def event(seq):
    return {
        "time_ns": 1_500_000_000 + seq,
        "cpu": 0,
        "seq": seq,
        "boot_id": "b",
        "source": "ebpf",
        "class": "file",
        "host": "h",
    }


def test_finding_names_the_rows_that_prove_it_and_the_time_of_the_last():
    batch = finding_rows([finding(PLAN, "r", [event(1), event(2)])])
    assert batch.schema == schema.memory_schema("findings")
    row = batch.to_pylist()[0]
    assert row["time"] == dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, dt.UTC)
    assert (row["host"], row["agent_run"], row["rule"], row["policy"], row["severity"]) == ("h", "r", "s", "p", "high")
    assert (row["title"], row["attack"]) == ("A title", "T1048,ASI02")
    proof = json.loads(row["evidence"])
    assert [p["seq"] for p in proof] == [1, 2]
    assert set(proof[0]) == {"boot_id", "source", "cpu", "class", "seq", "time_ns"}


def test_id_is_that_of_what_was_found():
    one = finding_id(PLAN, "r", [event(1)])
    assert one == finding_id(PLAN, "r", [dict(event(1))])
    others = [
        finding_id(PLAN, "q", [event(1)]),
        finding_id(PLAN, "r", [event(2)]),
        finding_id(PLAN, "r", [event(1), event(1)]),
    ]
    assert len({one, *others}) == 4


def test_source_that_says_little_still_makes_a_row():
    row = finding(SequencePlan("s", "p", "deny", (StepPlan(0),), 1), None, [dict.fromkeys(event(1))])
    assert (row["title"], row["attack"], row["time"], row["evidence"]) == ("s", None, None, "[{}]")
    assert finding_rows([row]).num_rows == 1
