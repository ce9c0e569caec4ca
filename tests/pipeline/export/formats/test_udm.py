"""UDM events read by Google's own protocol buffers: every field, type and enumeration is one that they have."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.identity import envelope
from pipeline.export.formats.udm import Udm

backstory = pytest.importorskip("google.backstory.types.udm", reason="google-backstory is not installed: make setup")
json_format = pytest.importorskip("google.protobuf.json_format", reason="protobuf is not installed: make setup")

SAMPLES = sorted((Path(__file__).parents[4] / "sample-traces").glob("*/trace.parquet"))
PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def read(table, rows):
    """The events as Google's classes; an unknown field, enumeration or a wrong type raises."""
    return [json_format.Parse(event, backstory.UDM.pb()()) for event in Udm().encode(table, rows).to_pylist()]


def check(event):
    """What the usage guide demands of every event."""
    assert event.metadata.event_type != 0
    assert event.metadata.HasField("event_timestamp")
    assert event.principal.hostname
    assert (event.metadata.vendor_name, event.metadata.product_name) == ("Lictor", "Lictor")


@PARTS
@given(data=st.data())
def test_any_row_is_an_event_of_google(any_rows, data):
    table = data.draw(st.sampled_from(sorted(Udm.tables)))
    rows = data.draw(any_rows(table))
    events = read(table, rows)
    for event in events:
        check(event)
    assert [e.metadata.product_log_id for e in events] == envelope(table, rows)["id"].to_pylist()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.parent.name)
def test_recorded_rows_are_events_of_google(path):
    for event in read("activity", pq.read_table(path)):
        check(event)


TYPES = {
    "fork": "PROCESS_LAUNCH", "exec": "PROCESS_LAUNCH", "exit": "PROCESS_TERMINATION", "file.open": "FILE_OPEN", "file.read": "FILE_READ",
    "file.write": "FILE_MODIFICATION", "file.create": "FILE_CREATION", "file.delete": "FILE_DELETION", "file.rename": "FILE_MOVE",
    "net.connect": "NETWORK_CONNECTION", "net.accept": "NETWORK_CONNECTION", "net.listen": "NETWORK_UNCATEGORIZED",
}  # fmt: skip


@pytest.mark.parametrize("operation", schema.OPERATIONS, ids=lambda o: o.name)
def test_types_of_acts(operation, make):
    (event,) = read("activity", make("activity", {"operation": [operation.name], "class": [operation.activity_class]}))
    name = backstory.Metadata.EventType(event.metadata.event_type).name
    assert name == TYPES.get(operation.name, name)
    family = {"process": "PROCESS_", "file": "FILE_", "network": "NETWORK_"}.get(
        operation.activity_class, "GENERIC_EVENT"
    )
    assert name.startswith(family)


@pytest.mark.parametrize("operation", schema.OPERATIONS, ids=lambda o: o.name)
def test_nothing_of_an_act_is_lost(operation, telling):
    row, values = telling(
        "activity", operation=operation.name, **{"class": operation.activity_class}, outcome="success"
    )
    assert lost("activity", row, values) == []


@pytest.mark.parametrize("table", sorted(Udm.tables - {"activity"}))
def test_nothing_of_a_row_is_lost(table, telling):
    assert lost(table, *telling(table)) == []


def lost(table, row, values):
    (event,) = Udm().encode(table, row).to_pylist()
    clocks = {c.name for c in schema.TABLES[table] if c.type == schema.TIME}
    told = {c: json.loads(v)["k"] if str(v).startswith("{") else v for c, v in values.items() if c not in clocks}
    return [c for c, v in told.items() if str(v) not in event]


def test_columns_stand_in_their_fields(make):
    row = make("activity", {
        "operation": ["net.connect"], "class": ["network"], "dst_ip": ["2001:db8::1"], "dst_port": [443], "dst_name": ["h.example"], "protocol": ["tcp"],
        "process_key": [-5], "exe": ["/usr/bin/curl"], "uid": [0], "user": ["root"], "host": ["box"], "verdict": ["deny"], "action": ["deny"],
        "enforcement": ["confirmed"], "severity": ["critical"],
    })  # fmt: skip
    (event,) = read("activity", row)
    assert (list(event.target.ip), event.target.port, event.target.hostname) == (["2001:db8::1"], 443, "h.example")
    assert (event.principal.hostname, event.principal.user.userid) == ("box", "root")
    assert event.principal.process.product_specific_process_id == "LICTOR:-5"
    assert backstory.Network.Direction(event.network.direction).name == "OUTBOUND"
    (result,) = event.security_result
    assert [backstory.SecurityResult.Action(a).name for a in result.action] == ["BLOCK"]
    assert backstory.SecurityResult.ProductSeverity(result.severity).name == "CRITICAL"


def test_renamed_file_is_source_and_target(make):
    (event,) = read(
        "activity",
        make("activity", {"operation": ["file.rename"], "class": ["file"], "path": ["/a"], "path_to": ["/b"]}),
    )
    assert (event.src.file.full_path, event.target.file.full_path) == ("/a", "/b")


def test_finding_names_its_techniques(make):
    (event,) = read("findings", make("findings", {"attack": ["T1059.004,TA0002"], "rule": ["r"], "severity": ["high"]}))
    (result,) = event.security_result
    assert [t.id for t in result.attack_details.tactics] == ["TA0002"]
    assert "T1059" in str(result.attack_details.techniques)
