"""Rows become events with the id that stands in them; redaction comes before everything."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pyarrow as pa

from pipeline import schema
from pipeline.export.events import Encoder
from pipeline.export.formats.catalog import load

ROWS = schema.conform(
    pa.table(
        {
            "host": ["a\nb", "box"], "boot_id": ["boot", "boot"], "source": ["ebpf"] * 2, "cpu": pa.array([0, 1], pa.int32()),
            "class": ["file", "process"], "seq": pa.array([1, 2], pa.int64()), "operation": ["file.read", "exec"],
            "severity": ["high", None], "path": ["/secret", None], "time": pa.array([1, 2], pa.timestamp("us", "UTC")),
        }
    ),
    "activity",
)  # fmt: skip


def test_id_time_severity_and_host_belong_to_the_payload():
    made = Encoder(load("json")).batch("activity", ROWS)
    assert made.json
    for payload, name in zip(made.payloads.to_pylist(), made.ids.to_pylist(), strict=True):
        assert json.loads(payload)["event_id"] == name
    assert made.severities.to_pylist() == ["high", "informational"]
    assert made.hosts.to_pylist() == ["a\nb", "box"]
    assert made.times.cast(pa.int64()).to_pylist() == [1, 2]


def test_what_is_redacted_reaches_neither_payload_nor_envelope():
    def redact(_, rows):
        for name in ("path", "host"):
            rows = rows.set_column(rows.schema.get_field_index(name), name, pa.nulls(rows.num_rows, pa.string()))
        return rows

    made = Encoder(load("json"), redact).batch("activity", ROWS)
    assert b"secret" not in b"".join(made.payloads.to_pylist())
    assert made.hosts.to_pylist() == [None, None]


def test_text_formats_are_no_json_and_no_rows_no_events():
    assert not Encoder(SimpleNamespace(content_type="text/plain")).json
    assert len(Encoder(load("json")).batch("activity", ROWS.slice(0, 0))) == 0
