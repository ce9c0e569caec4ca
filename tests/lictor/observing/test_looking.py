"""What is looked up in the parts of a service; the parts are those of a real one where that needs no rights."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace

import pyarrow as pa
import pytest

from lictor.observing.looking import Looking
from lictor.observing.metrics import BY_NAME
from pipeline import schema
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def writer(tmp_path):
    with LakeWriter(tmp_path / "lake", socket.gethostname()) as writer:
        yield writer


@pytest.fixture
def read(writer):
    parts = SimpleNamespace(
        collector=SimpleNamespace(
            received=lambda: {"file": 7, "network": 0}, fills=lambda: {"events": 0.5, "strings": 0.0}
        ),
        ladder=SimpleNamespace(holds=["a", "b"], paused=True),
        policies=SimpleNamespace(policies=("p",)),
    )
    looking = Looking(parts.collector, writer, parts.ladder, parts.policies, {"r": None})
    return lambda: {(reading.name, *reading.attributes): reading.value for reading in looking.read()}


def rows(count):
    return pa.Table.from_pylist([{"class": "file"}] * count, schema=schema.lake_schema("activity"))


def test_rings_holds_runs_policies_and_the_switch(read):
    found = read()
    assert (found["lictor.events", "file"], found["lictor.events", "network"]) == (7, 0)
    assert found["lictor.ring.utilization", "events"] == 0.5
    assert found["lictor.ring.utilization", "strings"] == 0.0
    names = ("lictor.holds", "lictor.runs", "lictor.policies", "lictor.enforcement.paused")
    assert [found[name,] for name in names] == [2, 1, 1, 1]


def test_every_reading_is_a_metric_with_as_many_attributes(read):
    for name, *attributes in read():
        assert len(BY_NAME[name].attributes) == len(attributes)


def test_the_lake_from_nothing_to_durable_to_sealed(read, writer):
    found = read()
    assert found["lictor.lake.log.io",] == 0
    assert ("lictor.lake.durable.age",) not in found
    assert found["lictor.lake.unsynced.age",] == 0

    writer.append("activity", rows(5))
    time.sleep(0.05)
    assert read()["lictor.lake.unsynced.age",] >= 0.05
    writer.flush("activity")
    assert read()["lictor.lake.unsynced.age",] >= 0.05

    writer.sync()
    found = read()
    (log,) = (writer.root / "wal").glob("*.wal")
    assert 0 < found["lictor.lake.log.io",] < log.stat().st_size  # its header is no row
    assert 0 <= found["lictor.lake.durable.age",] < 5
    assert found["lictor.lake.unsynced.age",] == 0
    assert found["lictor.lake.seal.backlog",] == 0
