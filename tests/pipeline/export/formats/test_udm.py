"""UDM events of ``activity`` read by Google's own protocol buffers: every field, type and enumeration is one that they have."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.identity import envelope
from tests.pipeline.export.formats import udm_judge

backstory = udm_judge.backstory

SAMPLES = sorted((Path(__file__).parents[4] / "sample-traces").glob("*/trace.parquet"))
PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@PARTS
@given(data=st.data())
def test_any_row_is_an_event_of_google(any_rows, data):
    rows = data.draw(any_rows("activity"))
    events = udm_judge.read("activity", rows)
    assert [e.metadata.product_log_id for e in events] == envelope("activity", rows)["id"].to_pylist()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.parent.name)
def test_recorded_rows_are_events_of_google(path):
    assert len(udm_judge.read("activity", pq.read_table(path))) > 500


TYPES = {
    "fork": "PROCESS_LAUNCH", "exec": "PROCESS_LAUNCH", "exit": "PROCESS_TERMINATION", "file.open": "FILE_OPEN", "file.read": "FILE_READ",
    "file.write": "FILE_MODIFICATION", "file.create": "FILE_CREATION", "file.delete": "FILE_DELETION", "file.rename": "FILE_MOVE",
    "net.connect": "NETWORK_CONNECTION", "net.accept": "NETWORK_CONNECTION", "net.listen": "NETWORK_UNCATEGORIZED",
}  # fmt: skip


@pytest.mark.parametrize("operation", schema.OPERATIONS, ids=lambda o: o.name)
def test_types_of_acts(operation, make):
    (event,) = udm_judge.read(
        "activity", make("activity", {"operation": [operation.name], "class": [operation.activity_class]})
    )
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
    assert udm_judge.lost("activity", row, values) == []


def test_columns_stand_in_their_fields(make):
    row = make("activity", {
        "operation": ["net.connect"], "class": ["network"], "dst_ip": ["2001:db8::1"], "dst_port": [443], "dst_name": ["h.example"], "protocol": ["tcp"],
        "process_key": [-5], "exe": ["/usr/bin/curl"], "uid": [0], "user": ["root"], "host": ["box"], "verdict": ["deny"], "action": ["deny"],
        "enforcement": ["confirmed"], "severity": ["critical"],
    })  # fmt: skip
    (event,) = udm_judge.read("activity", row)
    assert (list(event.target.ip), event.target.port, event.target.hostname) == (["2001:db8::1"], 443, "h.example")
    assert (event.principal.hostname, event.principal.user.userid) == ("box", "root")
    assert event.principal.process.product_specific_process_id == "LICTOR:-5"
    assert backstory.Network.Direction(event.network.direction).name == "OUTBOUND"
    (result,) = event.security_result
    assert [backstory.SecurityResult.Action(a).name for a in result.action] == ["BLOCK"]
    assert backstory.SecurityResult.ProductSeverity(result.severity).name == "CRITICAL"


def test_renamed_file_is_source_and_target(make):
    (event,) = udm_judge.read(
        "activity",
        make("activity", {"operation": ["file.rename"], "class": ["file"], "path": ["/a"], "path_to": ["/b"]}),
    )
    assert (event.src.file.full_path, event.target.file.full_path) == ("/a", "/b")
