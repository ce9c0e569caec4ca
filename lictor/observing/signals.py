"""The three exporters of opentelemetry-sdk behind one name: metrics, traces and report lines to one receiver.

Metrics are sent when told. Spans and lines go through the SDK's batch processors, whose queues are bounded and whose
threads are their own, so that one signal which is refused does not hold up the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import set_span_in_context

from lictor.observing.metrics import Reading
from lictor.observing.points import metrics_data

SCOPE = "lictor"
_DELAY_MS = 500


class Signals:
    """What is sent to one receiver."""

    def __init__(self, endpoint: str, resource: Resource) -> None:
        self._resource = resource
        self._scope = InstrumentationScope(SCOPE, version("lictor"))
        self._metrics = OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics")
        # Sampled by the service already, which knows how long a batch took.
        self._traces = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        spans = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
        self._traces.add_span_processor(BatchSpanProcessor(spans, schedule_delay_millis=_DELAY_MS))
        self._logs = LoggerProvider(resource, shutdown_on_exit=False)
        lines = OTLPLogExporter(endpoint=f"{endpoint}/v1/logs")
        self._logs.add_log_record_processor(BatchLogRecordProcessor(lines, schedule_delay_millis=_DELAY_MS))
        self._tracer = self._traces.get_tracer(SCOPE, version("lictor"))
        self._logger = self._logs.get_logger(SCOPE, version("lictor"))

    def take(self, message: Mapping[str, Any]) -> None:
        """Queue the spans and lines of a message."""
        for span in message["spans"]:
            self._trace(span)
        for at, text in message["logs"]:
            self._logger.emit(
                LogRecord(timestamp=at, severity_number=SeverityNumber.INFO, severity_text="INFO", body=text)
            )

    def _trace(self, span: Mapping[str, Any]) -> None:
        batch = self._tracer.start_span(
            "batch", start_time=span["begin"], attributes={"lictor.batch.size": span["rows"]}
        )
        within = set_span_in_context(batch)
        for name, begin, end in span["steps"]:
            self._tracer.start_span(name, within, start_time=begin).end(end)
        batch.end(span["end"])

    def export(self, message: Mapping[str, Any], more: Iterable[Reading]) -> bool:
        """Send the metrics now, and tell whether they were taken.

        A receiver that does not answer takes as long as ``OTEL_EXPORTER_OTLP_TIMEOUT`` says.
        """
        done = self._metrics.export(metrics_data(message, more, self._resource, self._scope))
        return done is MetricExportResult.SUCCESS

    def close(self) -> None:
        """Send what is queued."""
        self._traces.shutdown()
        self._logs.shutdown()
