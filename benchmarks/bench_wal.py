"""How many rows per second reach the log, with and without the disk saying that it has them.

``python benchmarks/bench_wal.py [FOLDER]`` appends judged batches (21 columns, 12 of them dictionary
text) to a log in FOLDER (default: a temporary one) and prints median, slowest and fastest wall rate of
many appends per batch size, the processor time, and how long a log of the sealing size takes to become Parquet.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.lake import layout, writer
from pipeline.lake.seal import recover

ROWS_PER_SIZE = 2_000_000
START_US = 1_790_000_000_000_000


def text(rng: np.random.Generator, rows: int, distinct: int, form: str) -> pa.Array:
    values = pa.array([form.format(i) for i in range(distinct)])
    return pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, distinct, rows).astype(np.int32)), values)


def batch(rng: np.random.Generator, rows: int) -> pa.RecordBatch:
    """File opens as the judge leaves them; distinct values per batch as a busy build has them."""
    time_us = START_US + np.arange(rows) * 3
    columns = {
        "time": pa.array(time_us, schema.TIME), "time_ns": pa.array(time_us * 1000), "boottime_ns": pa.array(time_us),
        "cpu": pa.array(rng.integers(0, 2, rows).astype(np.int32)), "seq": pa.array(np.arange(rows)),
        "process_key": pa.array(rng.integers(0, 1 << 60, rows)), "pid": pa.array(rng.integers(0, 1 << 20, rows).astype(np.int32)),
        "ino": pa.array(rng.integers(0, 1 << 24, rows)), "errno": pa.array(rng.integers(0, 2, rows).astype(np.int32)),
        "path": text(rng, rows, min(rows, 3000), "/home/u/project/build/objects/part_{}.o"),
        "exe": text(rng, rows, 40, "/usr/bin/tool-{}"), "operation": text(rng, rows, 6, "file.{}"),
        "intent": text(rng, rows, 4, "read,{}"), "outcome": text(rng, rows, 2, "success{}"),
        "agent_run": text(rng, rows, 3, "run-{}"),
    }  # fmt: skip
    for name in ("host", "boot_id", "source", "class", "verdict", "policy"):
        columns[name] = text(rng, rows, 1, name)
    return schema.batch("activity", columns)


def rates(folder: Path, rows: int, part: pa.RecordBatch) -> tuple[list[float], float]:
    """Million rows per second of each append (each is durable when it returns), and processor ns per row."""
    with patch.object(writer, "SEAL_BYTES", 1 << 40):  # sealing has a line of its own
        lake = writer.LakeWriter(folder, "bench")
        lake.append("activity", part)
        lake.sync()
        found, cpu = [], time.process_time()
        for _ in range(ROWS_PER_SIZE // rows):
            begin = time.perf_counter()
            lake.append("activity", part)
            found.append(rows / (time.perf_counter() - begin) / 1e6)
        cpu = (time.process_time() - cpu) / ROWS_PER_SIZE * 1e9
        for path in (folder / layout.WAL).iterdir():
            path.unlink()  # the log is not wanted as Parquet
        lake._wal = None  # noqa: SLF001  # nothing is left to seal
        lake.close()
    return found, cpu


def seal_time(folder: Path, part: pa.RecordBatch) -> tuple[float, int]:
    """Seconds to seal a full log, and its rows."""
    with patch.object(writer.LakeWriter, "_rotate"):
        lake = writer.LakeWriter(folder, "bench")
        rows = 0
        while lake._wal is None or lake._wal.size < writer.SEAL_BYTES:  # noqa: SLF001  # to make one of just that size
            lake.append("activity", part)
            rows += part.num_rows
        lake.close()
    begin = time.perf_counter()
    recover(folder)
    return time.perf_counter() - begin, rows


def report(folder: Path) -> None:
    rng = np.random.default_rng(1)
    for rows in (10_000, 30_000, 100_000):
        part = batch(rng, rows)
        for durable in (False, True):
            sync = os.fdatasync if durable else lambda _: None
            with patch.object(os, "fdatasync", sync):
                found, cpu = rates(folder, rows, part)
            print(
                f"{'durable' if durable else 'no fdatasync':14}{rows:>8} rows  median {statistics.median(found):6.2f}  "
                f"min {min(found):6.2f}  max {max(found):6.2f}  M rows/s  {cpu:5.0f} ns of processor per row"
            )
    seconds, rows = seal_time(folder, batch(rng, 10_000))
    print(
        f"sealing a log of {writer.SEAL_BYTES >> 20} MiB: {rows} rows in {seconds:.2f} s, {rows / seconds / 1e6:.2f} M rows/s"
    )


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory(dir=arguments[0] if arguments else None) as folder:
        report(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
