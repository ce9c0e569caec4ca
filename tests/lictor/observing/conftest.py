"""An OTLP/HTTP receiver on loopback, built on the published protobuf messages and nothing of the code under test."""

from __future__ import annotations

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {
    "/v1/metrics": ExportMetricsServiceRequest, "/v1/traces": ExportTraceServiceRequest, "/v1/logs": ExportLogsServiceRequest,
}  # fmt: skip


class Receiver:
    """Keeps what it was sent. While ``hangs`` it takes requests and answers none; ``close`` refuses connections."""

    def __init__(self):
        self.got = {path: [] for path in KINDS}
        self.headers = []
        self.resources = []
        self.hangs = threading.Event()
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _handler(receiver):  # noqa: N805 - the handler below has a self of its own
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if receiver.hangs.is_set():
                    receiver._over.wait(60)
                    return
                receiver.headers.append(dict(self.headers))
                receiver.got[self.path].append(KINDS[self.path].FromString(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler

    def metrics(self):
        """The metrics of the last request by name."""
        if not self.got["/v1/metrics"]:
            return {}
        (resource,) = self.got["/v1/metrics"][-1].resource_metrics
        (scope,) = resource.scope_metrics
        assert len({m.name for m in scope.metrics}) == len(scope.metrics)
        return {m.name: m for m in scope.metrics}

    def points(self, name):
        """The last values of a counter or gauge by their attributes, in the order of the attributes' names."""
        metric = self.metrics()[name]
        data = metric.sum if metric.HasField("sum") else metric.gauge
        return {
            tuple(a.value.string_value for a in p.attributes): p.as_int if p.HasField("as_int") else p.as_double
            for p in data.data_points
        }

    def spans(self):
        found = [
            s for r in self.got["/v1/traces"] for rs in r.resource_spans for ss in rs.scope_spans for s in ss.spans
        ]
        assert len({s.span_id for s in found}) == len(found)
        return found

    def lines(self):
        logs = [
            record
            for r in self.got["/v1/logs"]
            for rl in r.resource_logs
            for sl in rl.scope_logs
            for record in sl.log_records
        ]
        return [record.body.string_value for record in logs]

    def attributes(self):
        (resource,) = self.got["/v1/metrics"][-1].resource_metrics
        return {a.key: a.value.string_value or a.value.int_value for a in resource.resource.attributes}

    def wait(self, condition, seconds=20):
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, {path: len(r) for path, r in self.got.items()}
            time.sleep(0.02)

    def close(self):
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_settings_of_others(monkeypatch):
    """Whoever runs the tests may have telemetry of its own."""
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_COMPRESSION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OTEL_METRIC_EXPORT_INTERVAL", "OTEL_TRACES_SAMPLER_ARG", "LICTOR_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)
