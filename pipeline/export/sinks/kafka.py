"""Kafka through librdkafka: an idempotent producer that waits for all replicas, and a report for each message.

A message's key is the event's id, so that a repeat lies in the same partition and a compacted topic keeps one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.export.errors import ExportError, missing_library
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.interface import Batch, Limits, Outcome, Settings

if TYPE_CHECKING:
    from types import ModuleType

_UNSENT = "not confirmed by the broker in time"
_OWN = {"bootstrap.servers", "enable.idempotence", "acks", "delivery.timeout.ms", "message.timeout.ms"}
_PASSWORDS = {"password": "sasl.password", "key_password": "ssl.key.password"}


class KafkaSink:
    """One topic."""

    limits = Limits(events=20_000, bytes=16 << 20)

    def __init__(self, topic: str, configuration: dict[str, Any], timeout: float) -> None:
        """``configuration`` is librdkafka's; ``timeout`` in seconds is for a batch."""
        self._kafka = _library()
        self._topic = topic
        self._timeout = timeout
        wanted = {
            **configuration,
            "enable.idempotence": True,
            "acks": "all",
            # The messages of a batch are given up before the batch is, so that none is delivered behind our back.
            "message.timeout.ms": max(1, int(timeout * 1000 * 0.9)),
            "queue.buffering.max.messages": 2 * self.limits.events,
            "queue.buffering.max.kbytes": 4 * self.limits.bytes >> 10,
            # Errors come back with each report; on standard error they would stand between the command's own lines.
            "log_level": 0,
        }
        try:
            self._producer = self._kafka.Producer(wanted)
        except (self._kafka.KafkaException, ValueError, TypeError) as error:
            raise ExportError(f"kafka: {_text(error)}: check the options of librdkafka") from None

    def send(self, batch: Batch) -> Outcome:
        """Produce every event and wait for the reports."""
        reports: dict[int, Any] = {}
        unsent = self._produce(batch, reports)
        left = self._producer.flush(self._timeout)
        if left:
            self._producer.purge()
            self._producer.flush(1.0)
        return self._judged(batch, reports, unsent)

    def close(self) -> None:
        """Drop what was not confirmed, which the caller sends again, and end the producer's threads."""
        self._producer.purge()
        self._producer.flush(1.0)

    def _produce(self, batch: Batch, reports: dict[int, Any]) -> int:
        """Hand the events to librdkafka (a loop: it knows no columns); returns the position that did not fit any more."""
        times = batch.times.cast(pa.int64()).fill_null(0).to_pylist()
        rows = zip(batch.payloads.to_pylist(), batch.ids.to_pylist(), times, strict=True)
        headers = [("lictor_table", batch.table.encode())]
        produce, failure = self._producer.produce, self._kafka.KafkaException
        for position, (payload, name, time) in enumerate(rows):
            try:
                produce(
                    self._topic, payload, name, timestamp=max(0, time) // 1000, headers=headers,
                    on_delivery=lambda error, _, position=position: reports.__setitem__(position, error),
                )  # fmt: skip
            except BufferError:
                return position
            except failure as error:  # found before it is sent, as too large a message is
                reports[position] = error.args[0]
            if not position & 0x3FF:
                self._producer.poll(0)
        return len(batch)

    def _judged(self, batch: Batch, reports: dict[int, Any], unsent: int) -> Outcome:
        retry, dead, reason = list(range(unsent, len(batch))), [], ""
        for position in range(unsent):
            error = reports.get(position, _UNSENT)
            if error is None:
                continue
            if error is not _UNSENT and error.code() in self._never():
                dead.append((position, str(error.str())))
            else:
                retry.append(position)
                reason = reason or (_UNSENT if error is _UNSENT else str(error.str()))
        return Outcome(np.array(sorted(retry), np.int64), reason or "the producer's queue is full", None, tuple(dead))

    def _never(self) -> set[int]:
        """Errors that are the message's own fault."""
        error = self._kafka.KafkaError
        return {error.MSG_SIZE_TOO_LARGE, error.INVALID_MSG, error.INVALID_RECORD, error.INVALID_MSG_SIZE}


def _library() -> ModuleType:
    try:
        import confluent_kafka  # noqa: PLC0415 - optional
    except ImportError:
        raise missing_library("confluent-kafka", "kafka", "Kafka") from None
    return confluent_kafka


def _text(error: Exception) -> str:
    inner = error.args[0] if error.args else error
    return str(inner.str() if hasattr(inner, "str") else inner)


def open_sink(address: Address, settings: Settings) -> KafkaSink:
    """``kafka://broker:9092,broker:9092/TOPIC``; secrets ``password``, ``key_password``; options of librdkafka as ``rdkafka.NAME``."""
    options = Options(address, settings.options, settings.secrets)
    topic = address.path.strip("/")
    if not topic or "/" in topic or not address.netloc:
        raise ExportError(f"{address.shown}: needs brokers and one topic: kafka://BROKER:9092/TOPIC")
    given = options.prefixed("rdkafka.")
    own = next((name for name in given if name in _OWN), None)
    if own is not None:
        raise ExportError(f"option rdkafka.{own}: delivery depends on it, so it cannot be set")
    for name, key in _PASSWORDS.items():
        if value := options.secret(name):
            given[key] = value
    timeout = options.seconds("timeout", 60)
    options.done()
    return KafkaSink(topic, {**given, "bootstrap.servers": address.netloc}, timeout)
