"""What the interface promises: who may be a collector, in which order its life goes, what its errors look like."""

from __future__ import annotations

import pyarrow as pa
import pytest

from collectors.interface import Collector, CollectorError
from pipeline import schema


class Listed(Collector):
    """Yields the batches that it was made with: the smallest collector that keeps the promises."""

    name = "listed"

    def __init__(self, parts):
        self.parts = parts
        self.steps = []

    def open(self):
        self.steps.append("open")

    def batches(self, done):
        yield from self.parts
        while not done():
            yield schema.batch("activity", {}) if not self.parts else self.parts[0].slice(0, 0)

    def health(self):
        return schema.batch(
            "coverage",
            {
                "source": pa.array([self.name]).dictionary_encode(),
                "lost": pa.array([0], pa.int64()),
            },
        )

    def close(self):
        self.steps.append("close")


def activity(*keys):
    return schema.batch("activity", {"process_key": pa.array(keys, pa.int64())})


def test_life_of_a_collector():
    collector = Listed([activity(1, 2), activity(3)])
    rounds = iter([False, False, True])
    collector.open()
    got = list(collector.batches(lambda: next(rounds)))
    collector.close()
    collector.close()
    assert [b.num_rows for b in got] == [2, 1, 0, 0], "what is buffered first, then empty batches until done"
    assert collector.steps == ["open", "close", "close"]


def test_health_is_rows_of_coverage():
    table = schema.conform(Listed([]).health(), "coverage")
    assert table.schema == schema.lake_schema("coverage")
    assert table.column("lost").to_pylist() == [0]


@pytest.mark.parametrize("method", ["open", "batches", "health", "close"])
def test_collector_without_one_of_the_four_cannot_be_made(method):
    members = {m: getattr(Listed, m) for m in ("open", "batches", "health", "close") if m != method}
    incomplete = type("Incomplete", (Collector,), members)
    with pytest.raises(TypeError, match=method):
        incomplete()


def test_collector_error_is_shown_as_its_text():
    assert str(CollectorError("no BPF here: run as root")) == "no BPF here: run as root"
