"""A lake of any size with what a fleet of agents would leave in it: many hosts, agents, runs and days.

Rows go through the write-ahead log and are sealed by the product's own code, one log of one host after the other, so
that segments, commit records and whatever else sealing makes are exactly what a writer would have left behind; only
the waiting between two batches is left out. Everything comes from a fixed seed: the same arguments give the same rows.

``python -m benchmarks.big_lake FOLDER --rows 2e6`` writes one; two processes share the work.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import big_lake_rows
from pipeline.lake import layout
from pipeline.lake.seal import seal
from pipeline.lake.wal import Wal

PER_LOG = 43_500
"""Rows of a log: ten minutes of a busy host, which is when a writer seals."""
BATCH = 10_000
WORK_NS = 1_800_000_000_000
DAY_NS = 86_400_000_000_000
END = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """Which logs there are: ``logs`` in all, of ``rows`` each, dealt out to ``hosts`` over ``days`` days before ``end_ns``."""

    folder: Path
    rows: int
    logs: int
    hosts: int
    days: int
    end_ns: int
    live: bool

    def host(self, number: int) -> int:
        """Host of a log."""
        return number % self.hosts

    def span(self, number: int) -> tuple[int, int]:
        """First and last nanosecond of a log: half an hour of work, then the host rests until its turn comes again."""
        turns = -(-self.logs // self.hosts)
        length = self.days * DAY_NS // turns
        first = self.end_ns - self.days * DAY_NS + number // self.hosts * length
        first += number % self.hosts * length // self.hosts  # hosts do not all work at the same time
        return first, first + min(WORK_NS, length // self.hosts)


def write_log(plan: Plan, number: int) -> int:
    """One log with all its tables, sealed unless the plan leaves the last one of each host unsealed. Returns its rows."""
    rng = np.random.default_rng([number, 7])
    begin, end = plan.span(number)
    host = f"build-{plan.host(number):03}"
    header = {"writer": f"{host}-seed", "number": number, "host": host, "created_ns": begin, "schema": 1}
    stem = f"{datetime.fromtimestamp(begin / 1e9, UTC):%Y%m%dT%H%M%SZ}-{number:08x}-1"
    wal = Wal.create(layout.wal_path(plan.folder, stem), header)
    rows = big_lake_rows.Rows(rng, host, number, plan.hosts, begin, end, plan.rows)
    for table, part in [("activity", rows.activity()), *rows.others()]:
        for start in range(0, part.num_rows, BATCH):
            wal.append(table, part.slice(start, BATCH))
    if plan.live and number >= plan.logs - plan.hosts:
        wal.sync()
        wal.close()
    else:
        seal(plan.folder, wal)
    return plan.rows


def write_share(plan: Plan, share: int, shares: int) -> int:
    """Every ``shares``-th log of a plan; returns the rows of activity."""
    pa.set_cpu_count(1)
    done = 0
    for number in range(share, plan.logs, shares):
        done += write_log(plan, number)
        if share == 0 and number % (100 * shares) == 0:
            print(f"{number} of {plan.logs} logs", file=sys.stderr, flush=True)
    return done


def write(plan: Plan, processes: int) -> int:
    """The whole lake; returns its rows of activity."""
    layout.prepare(plan.folder)
    if processes == 1:
        return write_share(plan, 0, 1)
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(write_share, [plan] * processes, range(processes), [processes] * processes))


def plan_of(folder: Path, rows: int, hosts: int, days: int, *, end_ns: int, live: bool = False) -> Plan:
    """A plan for about that many rows; small lakes get smaller logs, so that they have many as well."""
    logs = max(hosts, min(-(-rows // PER_LOG), 4 * 10**6), min(200, rows // 5000))
    return Plan(folder, max(1, rows // logs), logs, hosts, days, end_ns, live)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.big_lake", description="Write a lake of made-up rows.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=float, default=2e6, help="rows of activity")
    parser.add_argument("--hosts", type=int, default=24)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--end", type=datetime.fromisoformat, default=END, help="when the last row happened")
    parser.add_argument("--live", action="store_true", help="leave each host's last log unsealed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    end_ns = int(given.end.timestamp()) * 10**9
    plan = plan_of(given.folder, int(given.rows), given.hosts, given.days, end_ns=end_ns, live=given.live)
    begin = time.perf_counter()
    rows = write(plan, given.processes)
    took = time.perf_counter() - begin
    size = sum(p.stat().st_size for p in given.folder.rglob("*") if p.is_file())
    print(f"{rows:,} rows of activity in {plan.logs:,} logs, {size / 1e9:.2f} GB, {took:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
