"""OTLP logs against a receiver built from opentelemetry-proto."""

from __future__ import annotations

import sys

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch
from tests.receivers.http import Answer, answer_json, receiver


class Collector:
    """Keeps every record; ``rejected`` is said of the next request."""

    def __init__(self, rejected=0):
        self.resources, self.rejected, self.headers = [], rejected, []

    def __call__(self, request):
        assert request.path == "/v1/logs"
        assert request.headers["content-type"] == "application/x-protobuf"
        self.headers.append(request.headers)
        found = ExportLogsServiceRequest.FromString(request.body)
        self.resources += found.resource_logs
        answer = ExportLogsServiceResponse()
        if self.rejected:
            partial = ExportLogsPartialSuccess(rejected_log_records=self.rejected, error_message="too old\n")
            answer = ExportLogsServiceResponse(partial_success=partial)
        return Answer(200, answer.SerializeToString(), {"Content-Type": "application/x-protobuf"})

    @property
    def records(self):
        return [r for resource in self.resources for scope in resource.scope_logs for r in scope.log_records]


def sink_for(server, options=None, secrets=None):
    return open_sink(f"otlp+http://127.0.0.1:{server.port}", Settings(options or {}, secrets or {}))


def test_records_say_what_the_events_say():
    collector = Collector()
    with receiver(collector) as server:
        sink = sink_for(server, {"header.X-Scope": "t1"}, {"token": "t0ken"})
        events = batch(payloads=HOSTILE, ids=HOSTILE_IDS, hosts=["a", "b", None, "a", "a", "b", "a"])
        assert not len(sink.send(events).retry)
    by_id = {r.attributes[0].value.string_value: r for r in collector.records}
    assert {r.attributes[0].key for r in collector.records} == {"log.record.uid"}
    assert {name: r.body.string_value for name, r in by_id.items()} == dict(zip(HOSTILE_IDS, HOSTILE, strict=True))
    assert by_id[HOSTILE_IDS[0]].time_unix_nano == 1_790_000_000_123_456_000
    assert [by_id[n].severity_number for n in HOSTILE_IDS[:6]] == [9, 10, 13, 17, 21, 9]
    hosts = [{a.key: a.value.string_value for a in r.resource.attributes} for r in collector.resources]
    assert hosts == [
        {"service.name": "lictor", "host.name": "a"},
        {"service.name": "lictor", "host.name": "b"},
        {"service.name": "lictor"},
    ]
    assert (collector.headers[0]["authorization"], collector.headers[0]["x-scope"]) == ("Bearer t0ken", "t1")


def test_partial_success_is_not_sent_again_and_not_lost():
    with receiver(Collector(rejected=2)) as server:
        outcome = sink_for(server).send(batch(5))
    assert not len(outcome.retry)
    assert [p for p, _ in outcome.dead] == [0, 1, 2, 3, 4]
    assert outcome.dead[0][1].startswith("2 of 5 events")


@pytest.mark.parametrize(("status", "split"), [(429, False), (502, False), (503, False), (504, False), (400, True)])
def test_refusals_by_the_specification(status, split):
    with receiver(lambda _: answer_json(status, {}, **{"Retry-After": "2"})) as server:
        outcome = sink_for(server).send(batch(3))
    assert list(outcome.retry) == [0, 1, 2]
    assert outcome.split is split


def test_answer_of_somebody_else_is_no_success():
    with receiver(lambda _: Answer(200, b"<html>")) as server:
        outcome = sink_for(server).send(batch(3))
    assert len(outcome.retry) == 3


def test_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.proto.collector.logs.v1", None)
    with pytest.raises(ExportError, match=r"lictor\[otlp\]"):
        open_sink("otlp+http://h", Settings())
