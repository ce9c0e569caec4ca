"""Rows for ASIM against the columns that Microsoft publishes for its tables."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.asim import Asim
from tests.pipeline.export.formats import asim_judge

SAMPLES = sorted((Path(__file__).parents[4] / "sample-traces").glob("*/trace.parquet"))
PARTS = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def written(table, rows):
    form = Asim()
    return list(
        zip(form.streams(table, rows).to_pylist(), map(json.loads, form.encode(table, rows).to_pylist()), strict=True)
    )


@PARTS
@given(data=st.data())
def test_any_row_fits_the_published_columns(any_rows, data):
    for stream, row in written("activity", data.draw(any_rows("activity"))):
        assert asim_judge.faults(stream, row) == []


def test_every_act_fits_the_published_columns(every_act):
    assert {f for s, r in written("activity", every_act.slice(0, 1500)) for f in asim_judge.faults(s, r)} == set()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.parent.name)
def test_recorded_rows_fit_the_published_columns(path):
    assert {f for s, r in written("activity", pq.read_table(path)) for f in asim_judge.faults(s, r)} == set()


@pytest.mark.parametrize("operation", schema.OPERATIONS, ids=lambda o: o.name)
def test_nothing_of_a_row_is_lost(operation, telling):
    known = {"operation": operation.name, "class": operation.activity_class, "outcome": "success"}
    row, values = telling("activity", **known)
    (made,) = Asim().encode("activity", row).to_pylist()
    clocks = {c.name for c in schema.ACTIVITY if c.type == schema.TIME}
    told = {c: json.loads(v)["k"] if str(v).startswith("{") else v for c, v in values.items() if c not in clocks}
    ways = {c: {str(v), *([str(uuid.UUID(int=v))] if c.endswith("_key") else [])} for c, v in told.items()}
    assert [c for c, forms in ways.items() if not any(form in made for form in forms)] == []


STREAMS = {
    "process": "ASimProcessEventLogs", "file": "ASimFileEventLogs", "network": "ASimNetworkSessionLogs", "dns": "ASimDnsActivityLogs",
    "agent": "ASimAgentEventLogs", "kernel": "ASimAuditEventLogs",
}  # fmt: skip


@pytest.mark.parametrize("class_", STREAMS)
def test_classes_go_to_their_tables(class_, make):
    assert [stream for stream, _ in written("activity", make("activity", {"class": [class_]}))] == [STREAMS[class_]]


def test_processes_go_nowhere_since_activity_tells_them(make):
    rows = make("processes", {"host": ["h"]})
    assert Asim().streams("processes", rows).to_pylist() == Asim().encode("processes", rows).to_pylist() == [None]


def test_who_started_a_program_is_its_parent(make):
    row = make("activity", {
        "operation": ["exec"], "class": ["process"], "exe": ["/bin/sh"], "cmdline": ["sh -c x"], "parent_exe": ["/usr/bin/node"], "process_key": [1],
        "parent_key": [2], "pid": [10], "user": ["root"], "uid": [0], "verdict": ["deny"], "action": ["deny"], "enforcement": ["confirmed"],
        "severity": ["critical"], "host": ["box"],
    })  # fmt: skip
    ((_, made),) = written("activity", row)
    wanted = {
        "EventType": "ProcessCreated", "TargetProcessName": "/bin/sh", "TargetProcessFilename": "sh", "TargetProcessId": "10",
        "TargetProcessCommandLine": "sh -c x", "ActingProcessName": "/usr/bin/node", "ActorUsername": "root", "ActorUserId": "0",
        "TargetProcessGuid": str(uuid.UUID(int=1)), "ActingProcessGuid": str(uuid.UUID(int=2)), "DvcAction": "Deny", "EventSeverity": "High",
        "EventOriginalSeverity": "critical", "DvcHostname": "box",
    }  # fmt: skip
    assert {name: made[name] for name in wanted} == wanted


def test_renamed_file_has_source_and_target(make):
    ((_, made),) = written(
        "activity",
        make("activity", {"operation": ["file.rename"], "class": ["file"], "path": ["/a/b"], "path_to": ["/c"]}),
    )
    assert (made["EventType"], made["SrcFilePath"], made["TargetFilePath"]) == ("FileRenamed", "/a/b", "/c")
