"""How a finding stands is what somebody set last, and who tried to in vain set nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries.catalog import views

T = datetime(2026, 3, 1, tzinfo=UTC)


def said(number, finding, status, *, at=0, **more):
    return {
        "id": f"c{number}", "time": T + timedelta(minutes=at), "account": f"a{number}", "act": "triage", "outcome": "success",
        "object": finding, "status": status, "note": f"n{number}", **more,
    }  # fmt: skip


ROWS = [
    said(1, "f1", "acknowledged", at=1),
    said(3, "f1", "resolved", at=3),
    said(2, "f1", "in_progress", at=2),
    said(4, "f1", "false_positive", at=4, outcome="denied"),
    said(5, "f1", "new", at=5, act="view"),
    said(6, "f2", "resolved", at=1),
    said(7, "f2", "new", at=2),
    said(8, "f3", "acknowledged"),
    said(9, "f3", "resolved"),
    said(10, None, "resolved"),
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("status") / "lake"
    with LakeWriter(folder, "h") as writer:
        writer.append("console", pa.Table.from_pylist(ROWS, schema.lake_schema("console")))
    found = Lake(folder, views=views()).query("SELECT * FROM finding_status ORDER BY finding").to_pylist()
    return {row["finding"]: row for row in found}


def test_the_newest_row_that_was_accepted_is_the_status(rows):
    assert rows["f1"] | {"time": None} == {
        "finding": "f1", "status": "resolved", "time": None, "account": "a3", "note": "n3", "changes": 3, "row_id": "c3",
    }  # fmt: skip


def test_a_finding_can_be_new_again(rows):
    assert (rows["f2"]["status"], rows["f2"]["changes"]) == ("new", 2)


def test_of_rows_of_one_moment_it_is_always_the_same(rows):
    assert rows["f3"]["row_id"] == "c9"


def test_there_is_one_row_for_each_finding_that_somebody_looked_at(rows):
    assert set(rows) == {"f1", "f2", "f3"}
