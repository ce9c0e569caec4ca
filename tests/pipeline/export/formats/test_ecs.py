"""ECS documents of ``activity`` against the field list that Elastic publishes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.ecs import Ecs
from tests.pipeline.export.formats import ecs_judge

SAMPLES = sorted((Path(__file__).parents[4] / "sample-traces").glob("*/trace.parquet"))
PARTS = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def documents(table, rows):
    return [json.loads(d) for d in Ecs().encode(table, rows).to_pylist()]


@PARTS
@given(data=st.data())
def test_any_row_fits_the_published_fields(any_rows, data):
    for document in documents("activity", data.draw(any_rows("activity"))):
        assert ecs_judge.faults(document) == []


def test_every_act_fits_the_published_fields(every_act):
    assert {f for d in documents("activity", every_act.slice(0, 1500)) for f in ecs_judge.faults(d)} == set()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.parent.name)
def test_recorded_rows_fit_the_published_fields(path):
    assert {f for d in documents("activity", pq.read_table(path)) for f in ecs_judge.faults(d)} == set()


@pytest.mark.parametrize("operation", schema.OPERATIONS, ids=lambda o: o.name)
def test_nothing_of_a_row_is_lost(operation, telling):
    row, values = telling(
        "activity", operation=operation.name, **{"class": operation.activity_class}, outcome="success"
    )
    (document,) = Ecs().encode("activity", row).to_pylist()
    clocks = {c.name for c in schema.ACTIVITY if c.type == schema.TIME}
    told = {c: json.loads(v)["k"] if str(v).startswith("{") else v for c, v in values.items() if c not in clocks}
    assert [c for c, v in told.items() if str(v) not in document] == []


EXPECTED = {
    "exec": ("process", "start"), "exit": ("process", "end"), "file.open": ("file", "access"), "file.write": ("file", "change"),
    "file.create": ("file", "creation"), "file.delete": ("file", "deletion"), "file.rename": ("file", "change"),
}  # fmt: skip


@pytest.mark.parametrize("operation", EXPECTED)
def test_categories_and_types_of_acts(operation, make):
    rows = make(
        "activity",
        {"operation": [operation] * 2, "class": [EXPECTED[operation][0]] * 2, "outcome": ["success", "denied"]},
    )
    first, second = documents("activity", rows)
    assert (first["event"]["category"], first["event"]["type"]) == tuple([e] for e in EXPECTED[operation])
    assert [d["event"]["outcome"] for d in (first, second)] == ["success", "failure"]


def test_columns_stand_in_their_fields(make):
    row = make("activity", {
        "operation": ["net.connect"], "class": ["network"], "dst_ip": ["2001:db8::1"], "dst_port": [443], "dst_name": ["h.example"], "protocol": ["tcp"],
        "process_key": [-5], "parent_key": [6], "exe": ["/usr/bin/curl"], "uid": [0], "host": ["box"], "agent": ["claude"], "time": [1_790_000_000_000_001],
    })  # fmt: skip
    (document,) = documents("activity", row)
    assert document["destination"] == {
        "address": "2001:db8::1",
        "ip": "2001:db8::1",
        "port": 443,
        "domain": "h.example",
    }
    assert document["network"] == {"transport": "tcp", "direction": "egress", "type": "ipv6"}
    assert document["process"] == {
        "entity_id": "-5",
        "executable": "/usr/bin/curl",
        "name": "curl",
        "parent": {"entity_id": "6"},
    }
    assert (document["user"], document["host"], document["gen_ai"]) == (
        {"id": "0"},
        {"hostname": "box", "name": "box"},
        {"agent": {"name": "claude"}},
    )
    assert document["@timestamp"] == "2026-09-21T14:13:20.000001Z"


def test_child_of_a_fork_is_the_process_and_who_forked_its_parent(make):
    row = make(
        "activity",
        {
            "operation": ["fork"],
            "class": ["process"],
            "process_key": [1],
            "child_key": [2],
            "pid": [10],
            "child_pid": [20],
        },
    )
    (document,) = documents("activity", row)
    assert (document["process"]["entity_id"], document["process"]["pid"]) == ("2", 20)
    assert document["process"]["parent"] == {"entity_id": "1", "pid": 10}
