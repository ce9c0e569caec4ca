"""Every event that there can be is one that OCSF 1.8.0 takes: by its JSON schema and by its dictionary."""

from __future__ import annotations

import copy
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.export.formats.identity import envelope
from pipeline.export.formats.ocsf.format import Ocsf, trees

TABLES = sorted(Ocsf.tables)
PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("sample", ["attack", "build", "coding"])
def test_events_of_recorded_sessions_are_valid(judged, replayed, sample):
    counts = Counter()
    for table, rows in replayed(sample):
        counts[table] += len(judged.events(table, rows))
    assert counts["activity"] > 500
    assert counts["runs"] == 1


def test_every_class_operation_and_outcome_with_one_another_is_valid(judged, every_act):
    found = judged.events("activity", every_act)
    assert {e["class_uid"] for e in found} == {1007, 1001, 1003, 4001, 4003, 6003, 0}
    assert all(e["type_uid"] == e["class_uid"] * 100 + e["activity_id"] for e in found)
    assert all(e["category_uid"] == e["class_uid"] // 1000 for e in found)


@pytest.mark.parametrize("table", TABLES)
@PARTS
@given(data=st.data())
def test_any_row_is_valid(judged, any_rows, table, data):
    judged.events(table, data.draw(any_rows(table)))


@pytest.mark.parametrize("table", TABLES)
def test_row_of_which_every_column_is_null_is_valid(judged, make, table):
    rows = make(table, {c.name: [None, None] for c in schema.TABLES[table]})
    assert len(judged.events(table, rows)) == 2


@pytest.mark.parametrize("table", TABLES)
def test_no_column_is_lost(judged, telling, table):
    moments = {c.name for c in schema.TABLES[table] if c.type == schema.TIME}
    for kind in schema.OPERATION_BY_NAME if table == "activity" else [None]:
        known = {"operation": kind, "outcome": "success"} if kind else {}
        row, values = telling(table, **known)
        event = judged.events(table, row)[0]
        said = set(scalars(event))
        inode = event.get("file", {}).get("uid", "").split(":")
        texts = {str(v) for v in (*said, *inode, *event["metadata"]["uid"].split("/"))}
        missing = [
            name for name, value in values.items()
            if name not in moments and not told(value, texts)
        ]  # fmt: skip
        assert not missing, (kind, missing)


def told(value, texts):
    value = value.split('"')[3] if isinstance(value, str) and value.startswith("{") else value
    return str(value) in texts


def scalars(value):
    if isinstance(value, dict):
        for one in value.values():
            yield from scalars(one)
    elif isinstance(value, list):
        for one in value:
            yield from scalars(one)
    else:
        yield value


@pytest.mark.parametrize("table", TABLES)
def test_uid_is_the_id_of_the_row(events, telling, table):
    row, _ = telling(table)
    assert events(table, row)[0]["metadata"]["uid"] == envelope(table, row)["id"][0].as_py()


def test_programs_have_no_events_of_their_own(telling):
    row, _ = telling("processes")
    assert Ocsf().encode("processes", row).to_pylist() == [None]


def test_each_table_has_its_kinds():
    assert {table: list(trees(table)) for table in TABLES if table != "activity"} == {
        t: [t] for t in TABLES if t != "activity"
    }
    assert {"exec", "exec refused", "file", "net.connect", "dns", "agent", "other"} <= set(trees("activity"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda e: e.pop("file"),
        lambda e: e.update(activity_id=77),
        lambda e: e.update(time="now"),
        lambda e: e["actor"]["process"].update(pid="1"),
        lambda e: e["file"].pop("name"),
    ],
)  # fmt: skip
def test_judges_find_what_is_wrong(judged, event, spoil):
    good = event("activity", operation="file.read", path="/a/b", pid=1, host="h")
    assert judged.validator.is_valid(good)
    assert not judged.dictionary.complaints(good)
    bad = copy.deepcopy(good)
    spoil(bad)
    assert not judged.validator.is_valid(bad)
    assert judged.dictionary.complaints(bad)
