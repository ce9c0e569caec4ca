"""A made-up lake is one that the product could have written: it answers, its counts agree, and it comes out the same again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks import big_lake
from pipeline.lake import layout
from pipeline.lake.reader import Lake
from queries.catalog import views

END_NS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9


def plan(folder, **more):
    return big_lake.Plan(**{"folder": folder, "rows": 500, "logs": 6, "hosts": 3, "days": 2, "end_ns": END_NS, "live": False} | more)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("big")
    assert big_lake.write(plan(folder, live=True), 1) == 3000
    return folder


def test_it_has_as_many_rows_hosts_and_days_as_were_asked_for(root):
    lake = Lake(root, views=views())
    sql = """SELECT count(*) AS n, count(DISTINCT host) AS hosts, count(DISTINCT agent_run) > 3 AS runs,
        count(DISTINCT (boot_id, source, cpu, class, seq)) AS ids, min(time) >= '2026-10-29' AND max(time) < '2026-11-01' AS inside
        FROM activity"""
    assert lake.query(sql).to_pylist() == [{"n": 3000, "hosts": 3, "runs": True, "ids": 3000, "inside": True}]
    by_hours = lake.query("SELECT CAST(sum(events) AS BIGINT) AS n FROM activity_hourly")
    assert by_hours["n"].to_pylist() == [3000]
    assert lake.check() == []


def test_the_last_log_of_each_host_can_be_left_unsealed(root):
    assert len(layout.stems(root / layout.WAL, ".wal")) == 3
    assert len(layout.stems(root / layout.COMMITS, ".json")) == 3


def test_two_processes_write_what_one_writes(root, tmp_path):
    big_lake.write(plan(tmp_path, live=True), 2)

    def held(folder):
        return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.parquet")}

    assert held(tmp_path) == held(root)


def test_a_plan_has_logs_for_all_rows_and_all_of_its_time(tmp_path):
    found = big_lake.plan_of(tmp_path, 100_000_000, 24, 14, end_ns=END_NS)
    assert found.logs == pytest.approx(2300, rel=0.01)
    assert found.logs * found.rows == pytest.approx(100_000_000, rel=0.001)
    spans = [found.span(number) for number in range(found.logs)]
    assert min(begin for begin, _ in spans) == END_NS - 14 * big_lake.DAY_NS
    assert max(end for _, end in spans) <= END_NS
    assert all(0 < end - begin <= big_lake.WORK_NS for begin, end in spans)
    small = big_lake.plan_of(tmp_path, 2_000_000, 24, 14, end_ns=END_NS)
    assert (small.logs, small.rows) == (200, 10_000)
