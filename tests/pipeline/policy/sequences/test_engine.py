"""The whole engine: the same rows give the same completions and findings however they come in batches, also while it forgets."""

from __future__ import annotations

import json
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.sequences import plan as plan_module
from pipeline.policy.sequences import taint as taint_module
from pipeline.policy.sequences.engine import Engine
from pipeline.policy.sequences.plan import WORD_BITS, Plan, SequencePlan, StepPlan


class Bytes:
    """A matcher that takes its answer from the column ``bytes``: bit i of it is step i, shifted into the second word."""

    def match(self, batch):
        bits = batch["bytes"].fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        return np.array([np.zeros(len(bits), np.int64), bits])


class Labeller:
    def labels(self, paths):
        return np.array([1 if p == "/secret" else 0 for p in paths.to_pylist()], np.int64)


def step(i, **how):
    return StepPlan(WORD_BITS + i, **how)


PLAN = Plan(
    (
        SequencePlan("two", "p", "deny", (step(0), step(1)), 20, "process"),
        SequencePlan("not", "p", "kill", (step(0), step(2, negated=True), step(1, count=2)), 30),
        SequencePlan("rate", "p", "audit", (step(1, count=3),), 10, "path"),
        SequencePlan("taint", "p", "ask", (step(1, taint=1),), 0, "process"),
    ),
    Bytes(),
    Labeller(),
)

ROWS = st.fixed_dictionaries({
    "bytes": st.sampled_from([0, 0, 1, 2, 3, 4, None]),
    "process_key": st.sampled_from([1, 2, 3, 4, 5, None]),
    "child_key": st.sampled_from([6, 7]),
    "path": st.sampled_from(["/secret", "/a", "/b", "/c", None]),
    "operation": st.sampled_from(["file.read", "file.write", "fork", "exit", "net.connect"]),
    "later": st.integers(-3, 8),
})  # fmt: skip


def batch(rows):
    columns = {"agent_run": ["r"] * len(rows), "time_ns": [r["time_ns"] for r in rows], "seq": [r["seq"] for r in rows]}
    columns |= {n: [r[n] for r in rows] for n in ("bytes", "process_key", "child_key", "path", "operation")}
    return schema.batch("activity", {n: pa.array(v, schema.lake_type("activity", n)) for n, v in columns.items()})


def run(rows, cuts, block):
    engine, completed, findings = Engine(PLAN, block=block), [], []
    for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        done, found = engine.advance(batch(rows[a:b]), "r")
        completed += [(d.sequence, row + a) for d in done for row in d.rows.tolist()]
        findings += found
    return sorted(completed), findings, engine.lost, engine.withheld


def timed(rows):
    now = 0
    for i, row in enumerate(rows):
        now += row["later"]
        row |= {"time_ns": now, "seq": i}
    return rows


@settings(max_examples=100, deadline=None)
@given(st.lists(ROWS, max_size=60), st.sampled_from([4, 16, 1000]), st.data())
def test_batching_changes_nothing(rows, block, data):
    rows = timed(rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=6)))
    whole = run(rows, [], block)
    assert run(rows, cuts, block) == whole
    assert run(rows, list(range(1, len(rows))), block) == whole


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(plan_module, "MOST_KEYS", 2)
    monkeypatch.setattr(plan_module, "MOST_ENTRIES", 6)
    monkeypatch.setattr(taint_module, "MOST_PROCESSES", 2)
    monkeypatch.setattr(taint_module, "MOST_FILES", 1)
    monkeypatch.setattr(taint_module, "MOST_HELD", 3)


@pytest.mark.parametrize("seed", range(40))
def test_busy_runs_forget_the_same_in_any_batching(seed, little_memory):
    rng = random.Random(seed)
    operations = ["file.read", "file.read", "file.write", "fork", "net.connect", "net.connect", "net.connect", "exit"]
    rows = timed([
        {
            "bytes": rng.choice([0, 1, 1, 2, 2, 3]), "process_key": rng.randint(1, 6), "child_key": rng.randint(1, 6),
            "path": rng.choice(["/secret", "/a", "/b", "/c", "/d", "/e"]), "operation": rng.choice(operations), "later": 1,
        }
        for _ in range(120)
    ])  # fmt: skip
    cuts = sorted(rng.sample(range(1, 120), rng.choice([1, 5, 20])))
    whole = run(rows, [], 16)
    assert whole[2] > 0
    assert run(rows, cuts, 16) == whole


def test_findings_come_in_the_order_of_the_stream_and_name_their_rows():
    rows = timed(
        [
            {"bytes": b, "process_key": 1, "child_key": None, "path": "/a", "operation": "net.connect", "later": 1}
            for b in (1, 2, 2, 2)
        ]
    )
    completed, findings, lost, withheld = run(rows, [2], 1000)
    assert completed == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    told = [(f["rule"], [e["seq"] for e in json.loads(f["evidence"])]) for f in findings]
    assert told == [("two", [0, 1]), ("not", [0, 1, 2]), ("rate", [1, 2, 3])]
    assert (lost, withheld) == (0, 0)


def test_time_in_microseconds_serves_where_there_is_no_finer_one_and_rows_without_a_time_take_no_part():
    rows = batch(
        timed(
            [
                {"bytes": b, "process_key": 1, "child_key": None, "path": None, "operation": "exec", "later": 1}
                for b in (1, 2, 2)
            ]
        )
    )
    columns = dict(zip(rows.schema.names, rows.columns, strict=True))
    columns["time_ns"] = pa.array([None, None, None], pa.int64())
    columns["time"] = pa.array([1, None, 1], pa.timestamp("us", tz="UTC"))
    done, _ = Engine(PLAN).advance(schema.batch("activity", columns), None)
    assert [(d.sequence, d.rows.tolist()) for d in done] == [(0, [2])]


def test_forgotten_keys_are_counted(monkeypatch):
    monkeypatch.setattr(plan_module, "MOST_KEYS", 1)
    rows = timed(
        [
            {"bytes": 1, "process_key": p, "child_key": None, "path": None, "operation": "exec", "later": 1}
            for p in (1, 2, 3, 4)
        ]
    )
    assert run(rows, [], 4)[2] == 3
