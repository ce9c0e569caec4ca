"""An event's id names its row for good and no other; time and severity come with it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats import identity
from pipeline.export.formats.rows import pieces

PARTS = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@PARTS
@given(data=st.data())
def test_envelope_of_any_rows_has_an_id_and_a_severity(any_rows, data):
    table = data.draw(st.sampled_from(sorted(set(schema.TABLES) - schema.DERIVED)))
    rows = data.draw(any_rows(table))
    made = identity.envelope(table, rows)
    assert made.schema == identity.ENVELOPE
    assert made.num_rows == rows.num_rows
    assert made["id"].null_count == made["severity"].null_count == 0
    assert all(0 < len(i.encode()) <= identity.LONGEST for i in made["id"].to_pylist())
    assert set(made["severity"].to_pylist()) <= set(range(len(schema.SEVERITIES)))
    assert made.equals(identity.envelope(table, rows))


@pytest.mark.parametrize("table", sorted(set(schema.TABLES) - schema.DERIVED))
def test_id_of_a_row_is_that_of_the_row_alone(telling, table):
    row, _ = telling(table)
    two = pa.concat_tables([row, row])
    ids = identity.envelope(table, two)["id"].to_pylist()
    assert ids[0] == ids[1] == identity.envelope(table, row)["id"][0].as_py()


@pytest.mark.parametrize("table", sorted(set(schema.TABLES) - schema.DERIVED))
def test_rows_that_differ_in_their_name_have_different_ids(telling, table):
    row, values = telling(table)
    needed, optional = identity._NAMES[table]
    ids = {identity.envelope(table, row)["id"][0].as_py()}
    for name in (*needed, *optional):
        other, _ = telling(table, **{name: "other" if isinstance(values[name], str) else values[name] + 7})
        ids.add(identity.envelope(table, other)["id"][0].as_py())
    assert len(ids) == 1 + len(needed) + len(optional)


def test_activity_is_named_by_its_place_in_the_sequence(make):
    columns = {"boot_id": ["b"], "source": ["ebpf"], "cpu": [3], "class": ["file"], "seq": [17]}
    assert identity.envelope("activity", make("activity", columns))["id"].to_pylist() == ["b/ebpf/17/3/file"]
    del columns["cpu"]
    assert identity.envelope("activity", make("activity", columns))["id"].to_pylist() == ["b/ebpf/17/-/file"]


def test_nameless_rows_are_named_by_what_they_say(make):
    rows = make("activity", {"path": ["a", "b", "a"], "seq": [None, None, None]})
    first, second, third = identity.envelope("activity", rows)["id"].to_pylist()
    assert first == third
    assert first != second
    assert first.startswith("row:")


def test_names_that_are_too_long_become_digests(make):
    rows = make("findings", {"id": ["x" * 256, "x" * 255]})
    long, short = identity.envelope("findings", rows)["id"].to_pylist()
    assert (long[:4], short) == ("row:", "x" * 255)


def test_an_empty_name_is_none(make):
    empty, other = identity.envelope("findings", make("findings", {"id": ["", "a"]}))["id"].to_pylist()
    assert (empty[:4], other) == ("row:", "a")


def test_time_is_of_the_first_clock_that_tells(make):
    rows = make("activity", {"time": [1_000_000, None, None], "time_ns": [5, 2_000_000_999, None]})
    assert identity.envelope("activity", rows)["time"].cast(pa.int64()).to_pylist() == [1_000_000, 2_000_000, None]
    rows = make("coverage", {"until": [3, None], "since": [1, 2]})
    assert identity.envelope("coverage", rows)["time"].cast(pa.int64()).to_pylist() == [3, 2]


def test_a_row_without_time_is_of_the_beginning_of_1970(make):
    rows = pieces("findings", make("findings", {"time": [None, 1_500], "id": ["a", "b"]}), 10)[0]
    assert identity.event_moment("findings").make(rows).to_pylist() == [
        "1970-01-01T00:00:00.000000Z",
        "1970-01-01T00:00:00.001500Z",
    ]
    assert identity.event_milliseconds("findings").make(rows).to_pylist() == [0, 1]


@pytest.mark.parametrize(
    ("table", "column", "words", "levels"),
    [
        ("activity", "severity", ["critical", "?", None], [4, 0, 0]),
        ("findings", "severity", ["low", "high", "informational"], [1, 3, 0]),
        ("actions", "action", ["kill", "deny", "release"], [3, 2, 0]),
        ("requests", "state", ["waiting", "released", None], [2, 0, 0]),
        ("policies", "state", ["refused", "in_force", None], [2, 0, 0]),
        ("coverage", "lost", [5, 0, None], [2, 0, 0]),
        ("runs", "state", ["started", "ended", None], [0, 0, 0]),
    ],
)
def test_severity_of_each_table(make, table, column, words, levels):
    assert identity.envelope(table, make(table, {column: words, "host": ["h"] * 3}))["severity"].to_pylist() == levels


def test_no_rows_no_envelope(make):
    assert identity.envelope("findings", make("findings", {"id": []})).num_rows == 0
