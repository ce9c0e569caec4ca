"""Made-up rows keep to the schema's vocabulary, and to the shares that they are meant to have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks import big_lake_rows
from pipeline import schema
from pipeline.lake import hours, rows

BEGIN = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def made():
    return big_lake_rows.Rows(np.random.default_rng(3), "build-001", 5, 2, BEGIN, BEGIN + 1_800_000_000_000, 40_000)


def test_the_same_seed_gives_the_same_rows(made):
    again = [
        big_lake_rows.Rows(np.random.default_rng(3), "build-001", 5, 2, BEGIN, BEGIN + 10**12, 100).activity()
        for _ in range(2)
    ]
    assert again[0].equals(again[1])


def test_values_are_words_of_the_schema(made):
    activity = schema.conform(made.activity(), "activity")
    words = {
        "operation": set(schema.OPERATION_BY_NAME), "class": set(schema.CLASSES), "verdict": set(schema.VERDICTS),
        "severity": set(schema.SEVERITIES), "enforced_at": set(schema.ENFORCED_AT), "enforcement": set(schema.ENFORCEMENT),
        "quality": set(schema.QUALITY), "intent": set(schema.INTENTS),
    }  # fmt: skip
    for name, known in words.items():
        assert set(pc.unique(activity[name]).drop_null().to_pylist()) <= known, name
    pairs = activity.group_by(["operation", "class"]).aggregate([]).to_pylist()
    assert all(schema.OPERATION_BY_NAME[p["operation"]].activity_class == p["class"] for p in pairs)


def test_few_hours_many_events_and_some_that_are_late(made):
    activity = made.activity()
    assert activity.num_rows == 40_000
    counts = hours.of([rows.tidy("activity", activity)])
    assert pc.sum(counts["events"]).as_py() == 40_000
    assert counts.num_rows < 0.03 * 40_000, "one row in a hundred or so, over logs of full size"
    late = pc.sum(pc.equal(activity["quality"], "late")).as_py()
    assert 0 < late < 200


def test_other_tables_come_with_it_in_the_types_of_the_lake(made):
    found = dict(made.others())
    assert {"runs", "processes", "coverage", "actions"} <= set(found)
    for table, part in found.items():
        assert isinstance(part, pa.Table)
        assert schema.conform(part, table).num_rows == part.num_rows > 0
