from __future__ import annotations

import pyarrow as pa
import pytest

from lictor.detecting import passing
from lictor.detecting.outbox import Outbox
from lictor.detecting.passing import Detecting, tables_of
from pipeline import schema
from pipeline.detect.evidence import each_alone
from pipeline.detect.findings import batch
from pipeline.detect.interface import NARROW, Detection, Detector
from pipeline.lake.errors import LakeError, QueryError
from pipeline.lake.feed import Feed
from pipeline.lake.writer import LakeWriter


class Odd(Detector):
    """Hits each row with an odd number."""

    detections = (Detection("odd", "1", "hunt", "Odd", "low", ()),)
    tables = frozenset({"activity", "actions"})

    def __init__(self):
        self.seen = []

    def detect(self, fresh, context):  # noqa: ARG002 - the interface's
        table = fresh.get("activity", schema.lake_schema("activity").empty_table())
        self.seen.append({t: r.num_rows for t, r in fresh.items()})
        mine = table.filter(pa.compute.equal(pa.compute.bit_wise_and(table["seq"], 1), 1))
        yield each_alone(pa.array(["odd"] * mine.num_rows, pa.string()), mine)


class Known:
    """A lake that knows findings."""

    def __init__(self):
        self.ids = []
        self.fails = False

    def query_all(self, sqls, **_):
        if self.fails:
            return dict.fromkeys(sqls, QueryError("cannot be asked"))
        found = [i for i in self.ids if any(f"'{i}'" in s for s in sqls.values())]
        return {n: pa.table({"id": pa.array(found, pa.string())}) for n in sqls}


@pytest.fixture
def lake(tmp_path):
    with LakeWriter(tmp_path, "vm") as writer:
        yield writer


def put(writer, first, count, table="activity"):
    rows = [{"seq": s, "boot_id": "b", "host": "vm"} for s in range(first, first + count)]
    if table != "activity":
        rows = [{"host": "vm"}] * count
    writer.append(table, pa.Table.from_pylist(rows, schema.lake_schema(table)))
    writer.sync()


@pytest.fixture
def world(tmp_path, lake):
    class World:
        context, detector, written = Known(), Odd(), []

        def __init__(self):
            self.feed = Feed(tmp_path, "detect", self.detector.tables)
            self.detecting = Detecting(self.feed, self.context, [self.detector], self.write)

        def write(self, rows):
            self.written.append(rows)
            self.context.ids += rows["id"].to_pylist()

        def ids(self):
            return [i for t in self.written for i in t["id"].to_pylist()]

    made = World()
    made.written = []
    yield made
    made.feed.close()


def test_a_pass_finds_what_is_new_once(world, lake):
    put(lake, 0, 10)
    passed = world.detecting.run()
    assert (passed.rows, len(passed.findings)) == (10, 5)
    assert world.detecting.run() == passing.Passed(0, [])
    put(lake, 10, 3)
    assert len(world.detecting.run().findings) == 1
    assert len(set(world.ids())) == 6


def test_a_backlog_is_worked_off_in_slices_and_a_stop_comes_between_them(world, lake, monkeypatch):
    monkeypatch.setattr(passing, "MAX_ROWS", 5)
    monkeypatch.setattr(passing, "SLICE_ROWS", 5)
    world.feed._max_rows = 5
    for first in (0, 5, 10):
        put(lake, first, 5)
    put(lake, 0, 2, "actions")
    stops = iter([False, True])
    world.detecting._stop = lambda: next(stops)
    assert world.detecting.run().rows == 10
    world.detecting._stop = lambda: False
    world.detecting._detectors[0].seen.clear()
    assert world.detecting.run().rows == 7


def test_those_that_see_all_at_once_get_the_identity_of_every_row_of_the_group(world, lake, monkeypatch):
    class All(Detector):
        detections, tables, whole, seen = (), frozenset({"activity", "actions"}), True, []

        def detect(self, fresh, context):  # noqa: ARG002 - the interface's
            self.seen.append(fresh)
            yield from ()

    monkeypatch.setattr(passing, "SLICE_ROWS", 4)
    world.feed._max_rows = 2
    put(lake, 0, 10)
    put(lake, 0, 1, "actions")
    world.detecting._detectors = [everything := All(), world.detector]
    world.detecting.run()
    [seen] = everything.seen
    assert seen["activity"].schema.names == list(NARROW)
    assert seen["activity"]["seq"].to_pylist() == list(range(10))
    assert seen["actions"].schema == schema.lake_schema("actions")
    assert sorted(sum(s.values()) for s in world.detector.seen) == [3, 4, 4]


def test_what_the_lake_knows_already_is_not_written_again(world, lake):
    put(lake, 0, 4)
    first = world.detecting.run().findings
    put(lake, 1, 1)  # the same row again: the same identity
    assert len(first) == 2
    assert world.detecting.run().findings == []
    assert len(world.written) == 1


def test_where_the_lake_cannot_be_asked_nothing_is_committed(world, lake):
    put(lake, 0, 4)
    world.context.fails = True
    with pytest.raises(LakeError, match="cannot be asked"):
        world.detecting.run()
    world.context.fails = False
    assert len(world.detecting.run().findings) == 2


def test_findings_that_could_not_be_written_are_owed_and_delivered(world, lake):
    put(lake, 0, 4)

    def fail(_):
        raise LakeError("the disk is full")

    working, world.detecting._write = world.detecting._write, fail
    with pytest.raises(LakeError, match="full"):
        world.detecting.run()
    world.detecting._write = working
    assert world.detecting.settle() == 2
    assert world.detecting.run().rows == 0
    assert world.detecting.settle() == 0
    assert len(world.ids()) == 2


def test_a_commit_that_failed_makes_the_pass_be_done_again(world, lake, monkeypatch):
    put(lake, 0, 4)

    def fail(*_, **__):
        raise LakeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(world.feed._state, "save", fail)
        with pytest.raises(LakeError, match="full"):
            world.detecting.run()
    assert world.detecting.settle() == 0
    assert len(world.detecting.run().findings) == 2
    assert len(world.ids()) == 2


def test_part_of_the_findings_was_written_before_a_crash(world, lake):
    put(lake, 0, 8)
    found = world.detecting.run().findings
    Outbox(world.feed.folder).put(batch([*found, found[0] | {"id": "new"}]), world.feed.commits - 1)
    assert world.detecting.settle() == 1
    assert world.ids()[-1] == "new"


def test_tables_are_those_that_detectors_want_and_activity():
    assert tables_of([Odd()]) == ["activity", "actions"]
    assert tables_of([]) == ["activity"]
