"""What is held in memory is what the files hold, at every step, and never more than its share."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake import engine, kept, snapshot
from pipeline.lake.kept import Kept
from pipeline.lake.writer import LakeWriter


class Held:
    def __init__(self, root, memory):
        self.root = root
        self.connection = engine.connect(root, 1 << 29)
        self.kept = Kept(self.connection, root, memory)

    def segments(self, table="runs"):
        return [s for s in snapshot.take(self.root, schema.TABLES).segments if s.table == table]

    def runs(self, segments=None):
        name = self.kept.name("runs", self.segments() if segments is None else segments)
        return sorted(self.connection.sql(f"SELECT run FROM {name}").fetchall()) if name else None


@pytest.fixture
def root(tmp_path):
    return tmp_path / "lake"


def write(root, *runs):
    with LakeWriter(root, "h") as writer:
        writer.append(
            "runs",
            pa.Table.from_pylist(
                [{"run": r} for r in runs], schema=schema.lake_schema("runs").empty_table().select(["run"]).schema
            ),
        )


def test_it_holds_what_there_is_and_then_what_is_new(root):
    write(root, "a", "b")
    held = Held(root, 1 << 29)
    assert held.runs() == [("a",), ("b",)]
    write(root, "c")
    assert held.runs() == [("a",), ("b",), ("c",)]
    assert held.runs() == [("a",), ("b",), ("c",)], "nothing is taken twice"


def test_what_is_not_to_be_read_any_more_is_not_held_either(root):
    for run in "abc":
        write(root, run)
    held = Held(root, 1 << 29)
    assert len(held.runs()) == 3
    assert len(held.runs(held.segments()[1:])) == 2
    assert held.runs([]) is None
    assert len(held.runs()) == 3


def test_a_table_beyond_its_share_is_not_kept_and_lets_go_of_what_it_had(root):
    write(root, "a")
    one = kept._bytes("runs", [1])
    held = Held(root, 2 * one * kept.SHARE)
    assert held.kept.keeps("runs", held.segments())
    assert held.runs() == [("a",)]
    write(root, "b", "c")
    assert not held.kept.keeps("runs", held.segments())
    assert held.runs() is None
    assert not held.kept.step(held.segments)
    assert held.connection.sql("SELECT table_name FROM duckdb_tables()").fetchall() == []


def test_activity_is_never_kept(root, rows):
    with LakeWriter(root, "h") as writer:
        writer.append("activity", rows(1))
    held = Held(root, 1 << 29)
    assert held.kept.name("activity", held.segments("activity")) == ""


def test_steps_take_all_in_and_then_end(root, monkeypatch):
    monkeypatch.setattr(kept, "STEP_FILES", 2)
    for run in "abcde":
        write(root, run)
    held = Held(root, 1 << 29)
    listed = {"runs": held.segments()}
    steps = 0
    while held.kept.step(lambda table: listed.get(table, [])):
        steps += 1
    assert steps == 3
    assert held.connection.sql("SELECT count(*) FROM _kept_runs").fetchall() == [(5,)]


def test_many_files_are_asked_once_rather_than_taken_in_while_somebody_waits(root, monkeypatch):
    monkeypatch.setattr(kept, "STEP_FILES", 2)
    for run in "abc":
        write(root, run)
    held = Held(root, 1 << 29)
    assert held.runs() is None
    assert held.kept.step(held.segments)
    assert held.runs() == [("a",), ("b",), ("c",)], "one was missing"


def test_a_file_that_cannot_be_read_is_not_tried_again_before_something_changes(root):
    write(root, "a")
    held = Held(root, 1 << 29)
    listed = {"runs": held.segments()}
    path = root / listed["runs"][0].path
    whole = path.read_bytes()
    path.write_bytes(b"x" * len(whole))
    assert held.kept.step(lambda table: listed.get(table, []))
    assert not held.kept.step(lambda table: listed.get(table, []))
    path.write_bytes(whole)
    assert held.runs() == [("a",)], "who asks gets it all the same"


def test_segments_of_an_older_schema_are_held_with_the_others(root, monkeypatch):
    full = schema.TABLES["runs"]
    with monkeypatch.context() as older:
        older.setitem(schema.TABLES, "runs", tuple(c for c in full if c.name != "agent"))
        write(root, "a")
    write(root, "b")
    assert Held(root, 1 << 29).runs() == [("a",), ("b",)]
