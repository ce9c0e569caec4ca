"""What a view costs over a million rows of activity: all rows of two minutes of it, and a count of everything.

The lake holds 40 runs of 25,000 events, one after the other, as in ``bench_backtest``; here its forks name their children, some events
belong to tool calls, and some are denied. Measured is ``Lake.query``, from the SQL text to the Arrow table: a worker process is started each
time (`SELECT 1` is what that alone costs). Time is processor time of the worker, which another load on the machine does not stretch, and
beside it the time on the clock. "window" is every column of the rows of two of the 666 minutes, as a page of the
dashboard asks for them: it is fast only where the time reaches the Parquet files through the view. "all" counts the whole view.

Before it measures, the script checks that the window of ``activity_explorer`` has exactly the rows of activity in it.
``python -m benchmarks.bench_views [VIEW…]`` takes some views only.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.bench_backtest import BEGIN_NS, PER_RUN, RUN_NS, run_rows
from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries import catalog

RUNS, ROUNDS, MUST_S = 40, 5, 1.0
FROM = datetime.fromtimestamp((BEGIN_NS + 20 * RUN_NS) / 1e9, UTC) + timedelta(minutes=4)
UNTIL = FROM + timedelta(minutes=2)


def rows_of(rng: np.random.Generator, number: int) -> pa.Table:
    """One run's events, with children, tool calls and denials."""
    rows = pa.Table.from_batches([run_rows(rng, number, Counter())])
    n = rows.num_rows
    forks = pc.equal(rows["operation"], "fork").to_numpy()
    denied = rng.random(n) < 0.01
    key = number * 1_000_000 + np.arange(n)
    extra = {
        "child_key": pa.array(key, mask=~forks), "child_pid": pa.array((np.arange(n) % 30_000).astype(np.int32), mask=~forks),
        "parent_key": pa.array(rng.integers(1, 300, n) + number * 1000), "pid": pa.array(rng.integers(1, 30_000, n).astype(np.int32)),
        "tool_call": pa.array([f"call{i % 50}" if i % 40 == 0 else None for i in range(n)]),
        "verdict": pa.array(np.where(denied, "deny", "allow")), "rule": pa.array(np.where(denied, "rule", "default:file.read")),
        "policy": pa.array(["bench"] * n), "action": pa.array(np.where(denied, "deny", ""), mask=~denied),
        "enforcement": pa.array(np.where(denied, "confirmed", ""), mask=~denied),
    }  # fmt: skip
    for name, column in extra.items():
        rows = rows.append_column(name, column)
    return rows.select([f.name for f in schema.lake_schema("activity") if f.name in rows.column_names])


def make(folder: Path) -> None:
    """Write the lake."""
    rng = np.random.default_rng(1)
    with LakeWriter(folder, "bench") as writer:
        for number in range(RUNS):
            rows = rows_of(rng, number)
            for part in rows.combine_chunks().to_batches():
                writer.append("activity", part)
            begun, ended = rows["time"][0].as_py(), rows["time"][-1].as_py()
            run = {
                "run": f"r{number:05}",
                "state": "ended",
                "time": ended,
                "started": begun,
                "ended": ended,
                "host": "bench",
            }
            writer.append("runs", pa.Table.from_pylist([run], schema=schema.lake_schema("runs")))
            finding = {"id": f"f{number}", "time": ended, "severity": "high", "title": "t", "agent_run": f"r{number:05}",
                       "evidence": f'[{{"boot_id":"boot","source":"ebpf","cpu":1,"class":"file","seq":{number}}}]'}  # fmt: skip
            writer.append("findings", pa.Table.from_pylist([finding], schema=schema.lake_schema("findings")))


def time_column(query: catalog.Query) -> str | None:
    """The column by which a view is narrowed to a time."""
    wanted = ("time", "Timestamp", "TimeGenerated", "CreationTime", "started", "first_time", "first_seen", "since")
    return next((c for c in wanted if c in query.columns), None)


def seconds(lake: Lake, sql: str) -> tuple[float, float, int]:
    """Processor time and time on the clock, medians of some rounds after one for warming up, and the rows of the answer."""
    spent, taken = [], []
    for _ in range(ROUNDS + 1):
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        rows = lake.query(sql, timeout=120).num_rows
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(time.perf_counter() - begin)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent[1:]), statistics.median(taken[1:]), rows


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        lake = Lake(folder, views=catalog.views())
        window = f">= '{FROM.isoformat()}' AND {{0}} < '{UNTIL.isoformat()}'"
        counts = f"""SELECT (SELECT count(*) FROM activity WHERE time {window.format("time")}) AS seen,
            (SELECT count(*) FROM activity_explorer WHERE activity <> 'Finding' AND time {window.format("time")}) AS shown"""  # noqa: S608 - constants
        [(seen, shown)] = [tuple(row.values()) for row in lake.query(counts).to_pylist()]
        if not seen or seen != shown:
            sys.exit(f"bench_views: {seen} rows of activity in the window, {shown} of activity_explorer")
        bare = seconds(lake, "SELECT 1")[0]
        print(f"{RUNS * PER_RUN:,} rows; {seen:,} in the window; SELECT 1: {bare:.2f} s of processor")
        slow = []
        for query in sorted(catalog.load(), key=lambda q: q.name.lower()):
            if names and query.name not in names:
                continue
            column = time_column(query)
            where = "" if column is None else f" WHERE {column} {window.format(column)}"
            spent, took, rows = seconds(lake, f'SELECT * FROM "{query.name}"{where}')  # noqa: S608 - names of files of the tree
            whole, counted, _ = seconds(lake, f'SELECT count(*) FROM "{query.name}"')  # noqa: S608
            print(
                f"figure: {query.name}: window {spent:.2f} s ({took:.2f} s on the clock, {rows:,} rows); all {whole:.2f} s ({counted:.2f} s)"
            )
            slow += [query.name] if spent - bare > MUST_S else []
        print(f"more than {MUST_S:g} s of processor beyond SELECT 1, in the window: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
