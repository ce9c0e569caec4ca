"""How many rows per second a follower reads from a lake: from a log that is still written, and from Parquet.

``python benchmarks/bench_feed.py [ROWS]`` writes judged file opens (see ``bench_wal``) into a temporary lake, follows it
live and sealed, each from the beginning, and prints rows per second of wall and of processor time, and peak memory.
Then it asks again: what a pass costs that finds nothing new.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.bench_wal import batch
from pipeline.lake import writer
from pipeline.lake.feed import Feed

FRAME_ROWS = 10_000


def filled(folder: Path, rows: int) -> writer.LakeWriter:
    """A lake with one long log of the given rows that is not sealed."""
    rng = np.random.default_rng(7)
    with patch.object(writer, "SEAL_BYTES", 1 << 40):
        lake = writer.LakeWriter(folder, "bench")
        for _ in range(rows // FRAME_ROWS):
            lake.append("activity", batch(rng, FRAME_ROWS))
        lake.sync()
    return lake


def follow(folder: Path, name: str) -> str:
    """Everything once, committed; and the pass after it."""
    with Feed(folder, name, {"activity"}) as feed:
        wall, cpu, count, position = time.perf_counter(), time.process_time(), 0, None
        for piece in feed.read():
            count, position = count + piece.rows.num_rows, piece.position
        assert position is not None
        feed.commit(position)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        begin = time.perf_counter()
        assert not list(feed.read())
        empty = time.perf_counter() - begin
    return (
        f"{name:<7} {count:>9,} rows {count / wall / 1e6:5.2f} M/s wall, {count / cpu / 1e6:5.2f} M/s processor,"
        f" nothing new {empty * 1e3:.1f} ms, peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB"
    )


def main(arguments: list[str]) -> None:
    rows = int(arguments[0]) if arguments else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lake = filled(folder, rows)
        print(follow(folder, "live"))
        lake.close()
        print(follow(folder, "sealed"))


if __name__ == "__main__":
    main(sys.argv[1:])
