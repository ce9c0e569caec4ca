"""Kafka against librdkafka's own mock cluster, of three brokers, with errors that it injects by itself."""

from __future__ import annotations

import json
import sys
import time

import pytest

from pipeline.export.errors import ExportError
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.interface import Settings
from tests.receivers.events import HOSTILE, HOSTILE_IDS, batch

confluent_kafka = pytest.importorskip("confluent_kafka", reason="no confluent-kafka")


@pytest.fixture(scope="module")
def brokers():
    """A mock cluster lives as long as the client that asked for it."""
    client = confluent_kafka.Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 3, "log_level": 0})
    for _ in range(100):
        metadata = client.list_topics(timeout=10)
        if len(metadata.brokers) == 3:
            break
        time.sleep(0.05)
    yield ",".join(f"{b.host}:{b.port}" for b in metadata.brokers.values())
    client.flush(1)


def consumed(brokers, topic, count):
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers, "group.id": f"test-{topic}", "auto.offset.reset": "earliest", "log_level": 0}
    )
    consumer.subscribe([topic])
    found, until = [], time.monotonic() + 30
    while len(found) < count and time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            found.append(message)
    consumer.close()
    return found


def test_every_event_arrives_under_its_id(brokers):
    sink = open_sink(f"kafka://{brokers}/hostile", Settings())
    outcome = sink.send(batch(payloads=HOSTILE, ids=HOSTILE_IDS))
    sink.close()
    assert (len(outcome.retry), outcome.dead) == (0, ())
    found = consumed(brokers, "hostile", len(HOSTILE))
    assert {m.key().decode(): m.value().decode() for m in found} == dict(zip(HOSTILE_IDS, HOSTILE, strict=True))
    assert {m.timestamp()[1] for m in found} == {1_790_000_000_123}
    assert found[0].headers() == [("lictor_table", b"activity")]


def test_many_events(brokers):
    sink = open_sink(f"kafka://{brokers}/many?rdkafka.compression.type=lz4", Settings())
    assert not len(sink.send(batch(20_000, size=300)).retry)
    sink.close()
    assert sorted(json.loads(m.value())["n"] for m in consumed(brokers, "many", 20_000)) == list(range(20_000))


def test_too_large_a_message_is_dead_and_the_others_arrive(brokers):
    sink = open_sink(f"kafka://{brokers}/large?rdkafka.message.max.bytes=5000", Settings())
    outcome = sink.send(batch(payloads=['{"n":0}', '{"a":"' + "x" * 9000 + '"}', '{"n":2}']))
    sink.close()
    assert [p for p, _ in outcome.dead] == [1]
    assert not len(outcome.retry)
    assert len(consumed(brokers, "large", 2)) == 2


def test_brokers_that_are_not_there_make_everything_come_again():
    sink = open_sink("kafka://127.0.0.1:1/t?timeout=2s", Settings())
    begun = time.monotonic()
    outcome = sink.send(batch(50))
    assert list(outcome.retry) == list(range(50))
    assert outcome.reason
    assert time.monotonic() - begun < 8
    sink.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka:///topic", "needs brokers"),
        ("kafka://b:9092", "needs brokers"),
        ("kafka://b:9092/a/b", "needs brokers"),
        ("kafka://b:9092/t?rdkafka.acks=0", "cannot be set"),
        ("kafka://b:9092/t?rdkafka.no.such.thing=0", "No such configuration"),
        ("kafka://b:9092/t?rdkafka.sasl.password=x", "a secret is not an option"),
    ],
)
def test_bad_addresses_are_refused(url, said):
    with pytest.raises(ExportError, match=said):
        open_sink(url, Settings())


def test_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ExportError, match=r"lictor\[kafka\]"):
        open_sink("kafka://b:9092/t", Settings())
