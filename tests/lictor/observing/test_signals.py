"""The three exporters against a receiver of the published protobuf messages."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.resources import Resource

from lictor.observing.signals import Signals

EMPTY = {"since": 1, "at": 2, "numbers": [], "histograms": [], "spans": [], "logs": []}


@pytest.fixture
def signals(receiver):
    made = Signals(receiver.endpoint, Resource({"service.name": "lictor"}))
    yield made
    made.close()


def test_metrics_go_when_told(signals, receiver):
    assert receiver.got["/v1/metrics"] == []
    assert signals.export(EMPTY | {"numbers": [["lictor.runs", [], 2]]}, []) is True
    assert receiver.points("lictor.runs") == {(): 2}
    assert receiver.attributes() == {"service.name": "lictor"}


def test_spans_have_the_times_of_the_batch_and_of_its_steps(signals, receiver):
    steps = [["decode", 100, 150], ["judge", 150, 190]]
    signals.take(EMPTY | {"spans": [{"begin": 100, "end": 200, "rows": 7, "steps": steps}]})
    receiver.wait(receiver.spans)
    spans = {span.name: span for span in receiver.spans()}
    assert {n: (s.start_time_unix_nano, s.end_time_unix_nano) for n, s in spans.items()} == {
        "batch": (100, 200), "decode": (100, 150), "judge": (150, 190),
    }  # fmt: skip
    assert {spans[name].parent_span_id for name in ("decode", "judge")} == {spans["batch"].span_id}
    assert [(a.key, a.value.int_value) for a in spans["batch"].attributes] == [("lictor.batch.size", 7)]


def test_lines_keep_their_time_and_every_character(signals, receiver):
    text = 'a "quoted" line\nwith\x00 all ✓ sorts'
    signals.take(EMPTY | {"logs": [[123, text]]})
    receiver.wait(receiver.lines)
    (request,) = receiver.got["/v1/logs"]
    (record,) = request.resource_logs[0].scope_logs[0].log_records
    assert (record.time_unix_nano, record.body.string_value, record.severity_text) == (123, text, "INFO")


def test_the_end_sends_what_is_queued(receiver):
    signals = Signals(receiver.endpoint, Resource({}))
    signals.take(EMPTY | {"logs": [[1, "last"]], "spans": [{"begin": 1, "end": 2, "rows": 1, "steps": []}]})
    signals.close()
    assert receiver.lines() == ["last"]
    assert len(receiver.spans()) == 1


def test_a_receiver_that_is_not_there_is_no_error(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    signals = Signals("http://127.0.0.1:9", Resource({}))
    assert signals.export(EMPTY, []) is False
    signals.close()


def test_headers_and_compression_come_from_the_environment_and_the_address_does_not(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://127.0.0.1:9/x")
    signals = Signals(receiver.endpoint, Resource({}))
    assert signals.export(EMPTY | {"numbers": [["lictor.runs", [], 1]]}, []) is True
    signals.close()
    (headers,) = receiver.headers
    assert (headers["x-key"], headers["Content-Encoding"]) == ("abc", "gzip")
