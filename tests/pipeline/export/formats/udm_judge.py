"""Google's own protocol buffers as the judge of UDM events, and what its usage guide demands of each."""

from __future__ import annotations

import json

import pytest

from pipeline import schema
from pipeline.export.formats.udm import Udm

backstory = pytest.importorskip("google.backstory.types.udm", reason="google-backstory is not installed: make setup")
json_format = pytest.importorskip("google.protobuf.json_format", reason="protobuf is not installed: make setup")


def read(table, rows):
    """The events as Google's classes; an unknown field, enumeration or a wrong type raises."""
    events = [json_format.Parse(event, backstory.UDM.pb()()) for event in Udm().encode(table, rows).to_pylist()]
    for event in events:
        check(event)
    return events


def check(event):
    """What the usage guide demands of every event."""
    assert event.metadata.event_type != 0
    assert event.metadata.HasField("event_timestamp")
    assert event.principal.hostname
    assert (event.metadata.vendor_name, event.metadata.product_name) == ("Lictor", "Lictor")


def lost(table, row, values):
    (event,) = Udm().encode(table, row).to_pylist()
    clocks = {c.name for c in schema.TABLES[table] if c.type == schema.TIME}
    told = {c: json.loads(v)["k"] if str(v).startswith("{") else v for c, v in values.items() if c not in clocks}
    return [c for c, v in told.items() if str(v) not in event]
