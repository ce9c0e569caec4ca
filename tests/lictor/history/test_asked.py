from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from lictor.history.asked import Asked, Book, Parts, Said, batch_of, encoded_column
from lictor.history.asking import looks_of
from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.steps.judge import Judge
from pipeline.steps.verdicts import Verdicts
from tests.lictor.history.conftest import POLICY, policy, rows_of

CONTEXT = RunContext("/home/ann/shop", "/home/ann", {}, "ann", "h", "codex")


def table_of(rows):
    table = pa.Table.from_pylist(rows, schema=schema.lake_schema("activity"))
    local = pa.compute.is_in(table["operation"], pa.array(["net.bind", "net.listen"]))
    for name in ("ip", "port"):
        table = table.append_column(name, pa.compute.if_else(local, table[f"src_{name}"], table[f"dst_{name}"]))
    return table.append_column("was", table["verdict"])


@pytest.fixture(scope="module")
def facts():
    looks = looks_of([[policy()]])
    rows = rows_of(random.Random(5), "r", "codex", "ann", "/home/ann/shop", 400)
    return batch_of(table_of(rows), looks)


def test_verdicts_are_those_of_the_judge(facts):
    program, book = compile_policies([policy()], CONTEXT, mode="audit"), Book()
    said, _, _ = Asked(program, book).ask(facts)
    bare = facts.select([n for n in facts.schema.names if n not in ("verdict", "rule", "policy")])
    judged = Judge(program)(bare)
    expected = list(zip(*(judged[c].to_pylist() for c in ("verdict", "rule", "policy")), strict=True))
    assert [(s.verdict, s.rule, s.policy) for s in (book.said[n] for n in said)] == expected
    assert len(set(expected)) > 5


def test_steps_say_what_an_event_could_be(facts):
    program = compile_policies([policy()], CONTEXT, mode="audit")
    _, bits, which = Asked(program, Book()).ask(facts)
    rows = facts.to_pylist()
    names = [(i, s.rule.id) for i, s in enumerate(program.sequences)]
    assert [n for _, n in names] == ["read-then-send", "leak", "flood"]  # steps 0-2, 3 and 4
    for row, number in zip(rows, which.tolist(), strict=True):
        assert bool(bits[number] >> 4 & 1) == (row["operation"] == "file.delete")
        assert bool(bits[number] >> 1 & 1) == (row["operation"] == "exec" and row["exe"] == "/opt/approve")


def test_a_known_verdict_stays_where_it_is_the_stronger():
    looks = looks_of([[policy()]])
    rows = [
        {"agent_run": "r", "operation": "file.read", "path": "/x", "verdict": v, "rule": "keys", "policy": "old"}
        for v in ("deny", "allow", "deny")
    ]
    book = Book()
    program = compile_policies([policy()], CONTEXT, mode="audit")
    said, _, _ = Asked(program, book).ask(batch_of(table_of(rows), looks), pa.array([True, True, False]))
    assert [book.said[n].verdict for n in said] == ["deny", "allow", "allow"]


def test_in_order_is_judge_and_memory_of_one_run(facts):
    rows = rows_of(random.Random(9), "r", "codex", "ann", "/home/ann/shop", 400)
    table = pa.Table.from_pylist(
        [{k: v for k, v in r.items() if k not in ("verdict", "rule", "policy", "policy_version")} for r in rows],
        schema=schema.lake_schema("activity"),
    )
    batch = schema.batch(
        "activity", {n: encoded_column(n, table[n]) for n in table.schema.names if table[n].null_count < len(rows)}
    )
    asked = Asked(compile_policies([policy()], CONTEXT, mode="audit"), Book())
    expected = Verdicts(asked.program, lambda _: None)(batch)
    for _ in range(2):  # the second run begins with an empty memory
        step = asked.in_order()
        assert step(batch)["rule"].to_pylist() == expected["rule"].to_pylist()
        assert step.lost == 0
    assert {"read-then-send", "leak", "flood"} & set(expected["rule"].to_pylist())


def test_a_rule_that_only_records_stops_nothing():
    book = Book()
    asked = Asked(compile_policies([policy()], CONTEXT, mode="audit"), book)
    rows = [{"agent_run": "r", "operation": "file.read", "path": p} for p in ("/b/notes", "/home/ann/.ssh/id_rsa")]
    said, _, _ = asked.ask(batch_of(table_of(rows), looks_of([[policy()]])))
    assert [book.said[n] for n in said] == [
        Said("deny", "notes", "old", stops=False),
        Said("deny", "keys", "old", stops=True),
    ]


def test_more_than_can_be_remembered_is_forgotten_not_wrong(facts, monkeypatch):
    monkeypatch.setattr("lictor.history.asked.MOST_KNOWN", 3)
    book = Book()
    asked = Asked(compile_policies([policy()], CONTEXT, mode="audit"), book)
    first = [book.said[n] for n in asked.ask(facts)[0]]
    assert [book.said[n] for n in asked.ask(facts)[0]] == first


def test_a_part_holds_the_same_values_and_no_others(facts):
    rows = np.array([3, 100, 7, 399])
    part = Parts(facts).of(rows)
    assert part.to_pylist() == facts.take(pa.array(rows)).to_pylist()
    assert len(part["path"].dictionary) <= 4 < len(facts["path"].dictionary)


def test_columns_without_a_value_are_left_out():
    looks = looks_of([[load_policy(POLICY, "p.yaml")]])
    batch = batch_of(table_of([{"agent_run": "r", "operation": "fork"}]), looks)
    assert batch.schema.names == ["operation", "agent_run"]
