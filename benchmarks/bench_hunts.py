"""What each hunt costs over a million rows of activity: wall time of the whole query, worker process included.

The rows are those of sample-traces/ (coding, build, attack) again and again: each copy is a run of its own with processes
of its own, a minute after the one before it. They lie in a lake as the writer makes it, sealed to Parquet.
Must reach: 10 s for each hunt. A hunt that answers with other rows than the round before ends the script.
Arguments: rounds (5), names of hunts (all).
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from queries import hunting

ROWS = 1_000_000
LIMIT_S = 10.0
SAMPLES = Path(__file__).resolve().parent.parent / "sample-traces"


def session() -> pa.Table:
    """The sample traces one after the other, as rows of the lake."""
    tables = [schema.conform(pq.read_table(p), "activity") for p in sorted(SAMPLES.glob("*/trace.parquet"))]
    return pa.concat_tables(tables).sort_by("time_ns")


def copy(table: pa.Table, number: int) -> pa.Table:
    """The session as other runs, ``number`` minutes later."""
    shift_ns = number * 60_000_000_000

    def replaced(name: str, values: pa.Array) -> None:
        nonlocal table
        table = table.set_column(table.schema.get_field_index(name), schema.lake_schema("activity").field(name), values)

    times = table["time_ns"].to_numpy() + shift_ns
    replaced("time_ns", pa.array(times))
    replaced("time", pa.array(times // 1000, schema.TIME))
    runs = [f"{run}-{number}" for run in table["agent_run"].to_pylist()]
    replaced("agent_run", pa.array(runs))
    for name in ("process_key", "parent_key", "child_key"):
        column = table[name].combine_chunks()
        keys = np.asarray(column.fill_null(0).to_numpy()) ^ np.int64(number << 20)
        replaced(name, pa.array(keys, mask=np.asarray(column.is_null())))
    return table


def fill(root: Path) -> int:
    """A lake of a million rows; returns how many exactly."""
    table, rows, number = session(), 0, 0
    with LakeWriter(root, "bench") as writer:
        while rows < ROWS:
            part = copy(table, number)
            writer.append("activity", part)
            rows, number = rows + part.num_rows, number + 1
    return rows


def main() -> int:
    """One line per hunt: median and slowest of the rounds, rows found."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    asked = [hunting.find(n) for n in sys.argv[2:]] or list(hunting.hunts().values())
    slow = 0
    with tempfile.TemporaryDirectory() as folder:
        print(f"{fill(Path(folder)):,} rows")
        lake = Lake(folder)
        lake.query("SELECT count(*) FROM activity", timeout=60)  # checksums are compared once
        for hunt in asked:
            times, counts = [], set()
            for _ in range(rounds + (rounds > 1)):
                begin = time.perf_counter()
                counts.add(lake.query(hunting.bound(hunt, {}), timeout=60).num_rows)
                times.append(time.perf_counter() - begin)
            times = times[1:] or times
            if len(counts) > 1:
                print(f"{hunt.name}: {counts} rows by turns", file=sys.stderr)
                return 1
            slow += max(times) > LIMIT_S
            print(
                f"{hunt.name:34} median {statistics.median(times):5.2f} s, slowest {max(times):5.2f} s, {counts.pop():7,} rows",
                flush=True,
            )
    print(f"{len(asked)} hunts, {slow} over {LIMIT_S:g} s")
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
