"""OpenTelemetry logs (OTLP over HTTP, protobuf): one log record per event, its id in ``log.record.uid``.

The receiver's messages come from opentelemetry-proto; the SDK's exporter is not used, since it tells its caller neither
which answer came nor what part of a request was refused.

Source of the replies: OTLP specification 1.9, "OTLP/HTTP Response": 429, 502, 503 and 504 come again, a partial success
must not.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.export.errors import missing_library
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.http import Client, Reply, UnreachableError, base_of, in_parts, refused
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings

if TYPE_CHECKING:
    from types import ModuleType

SEVERITY_NUMBERS = {"informational": 9, "low": 10, "medium": 13, "high": 17, "critical": 21}
"""OpenTelemetry log data model: INFO, INFO2, WARN, ERROR, FATAL."""

_REQUEST = 3 << 20
"""Bytes of payload in one request; collectors take 4 MiB and more, and records have some bytes of their own."""


class OtlpSink:
    """One OTLP receiver over HTTP."""

    limits = Limits(events=5_000, bytes=_REQUEST)

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self._messages = messages()

    def send(self, batch: Batch) -> Outcome:
        """Send the batch in requests of about 3 MiB."""
        return in_parts(batch, batch.cuts(self.limits.events, _REQUEST, overhead=200), self._post)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, part: Batch) -> Outcome:
        body = request(self._messages, part).SerializeToString()
        reply = self._client.post(self._path, body, {"Content-Type": "application/x-protobuf"})
        return self._partial(part, reply) if reply.ok else refused(part, reply)

    def _partial(self, part: Batch, reply: Reply) -> Outcome:
        """A receiver that refused some does not say which: all of the request are dead letters, and their ids tell."""
        answer = self._messages.ExportLogsServiceResponse()
        try:
            answer.ParseFromString(reply.body)
        except Exception:  # noqa: BLE001 - protobuf's DecodeError has no stable home
            raise UnreachableError(f"HTTP {reply.status} with an answer that is not OTLP") from None
        rejected = answer.partial_success.rejected_log_records
        if rejected <= 0:
            return ACCEPTED
        said = "".join(c if c.isprintable() else " " for c in answer.partial_success.error_message)[:300]
        reason = (
            f"{rejected} of {len(part)} events of the request were refused, the receiver does not say which: {said}"
        )
        return Outcome(dead=tuple((position, reason) for position in range(len(part))))


def messages() -> ModuleType:
    """The protobuf messages; raises ``ExportError`` where they are not installed."""
    try:
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2  # noqa: PLC0415 - optional
    except ImportError:
        raise missing_library("opentelemetry-proto", "otlp", "OTLP") from None
    return logs_service_pb2


def request(kinds: Any, batch: Batch) -> Any:
    """The batch as an ``ExportLogsServiceRequest``: one resource per host.

    A loop over events, since protobuf knows no columns: 5 µs each.
    """
    made = kinds.ExportLogsServiceRequest()
    scopes: dict[str | None, Any] = {}
    times = batch.times.cast(pa.int64()).fill_null(0).to_pylist()
    rows = zip(
        batch.payloads.to_pylist(), batch.ids.to_pylist(), times, batch.severities.to_pylist(), batch.hosts.to_pylist(),
        strict=True,
    )  # fmt: skip
    for payload, name, time, severity, host in rows:
        if host not in scopes:
            scopes[host] = _scope(made, host, batch.table)
        record = scopes[host].log_records.add()
        record.time_unix_nano = max(0, time) * 1000
        record.severity_number = SEVERITY_NUMBERS.get(severity, 9)
        record.severity_text = severity or "informational"
        record.body.string_value = payload.decode("utf-8", "replace")
        attribute = record.attributes.add()
        attribute.key, attribute.value.string_value = "log.record.uid", name
        record.event_name = f"lictor.{batch.table}"
    return made


def _scope(made: Any, host: str | None, table: str) -> Any:
    resource = made.resource_logs.add()
    for key, value in (("service.name", "lictor"), ("host.name", host)):
        if value:
            attribute = resource.resource.attributes.add()
            attribute.key, attribute.value.string_value = key, value
    scope = resource.scope_logs.add()
    scope.scope.name, scope.scope.version = f"lictor.{table}", version("lictor")
    return scope


def open_sink(address: Address, settings: Settings) -> OtlpSink:
    """``otlp+http://host:4318`` or ``otlp+https://…``; secret ``token``; options ``header.NAME``."""
    options = Options(address, settings.options, settings.secrets)
    headers = options.prefixed("header.")
    if token := options.secret("token"):
        headers["Authorization"] = f"Bearer {token}"
    base, encrypted = base_of(address, 4318)
    client = Client(base, options, headers, settings.clock, encrypted=encrypted)
    options.done()
    return OtlpSink(client, address.path.rstrip("/") or "/v1/logs")
