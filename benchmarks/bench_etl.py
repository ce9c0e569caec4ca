"""How many records of a trace of Windows become rows per second and core, from the bytes of an ``.etl`` file to Arrow.

``python benchmarks/bench_etl.py [RECORDS] [FILE...]`` writes a trace as a busy agent makes one (opens, reads, writes,
connections, traffic, starts with command lines) and reads it from the page cache; with FILEs also those. Printed are
the median of seven runs in processor time, the slowest and fastest, and the machine's own noise. Budget: 100,000/s.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import noise
from collectors.replay.etl import EtlCollector
from tests import etl_writer as w

RUNS = 7
PEER, OWN = bytes([93, 184, 216, 34]), bytes([10, 0, 0, 5])


def records(count: int) -> list[bytes]:
    """Half opens, a quarter reads and writes, a fifth traffic, the rest connections and processes."""
    made = []
    for n in range(count):
        kind, tick, pid = n % 20, n * 500, 1000 + n // 5000 * 4
        if kind < 10:
            made.append(
                w.opened(
                    n, f"\\Device\\HarddiskVolume3\\src\\project\\module{n % 3000}\\file{n % 17}.py", tick, pid=pid
                )
            )
        elif kind < 15:
            made.append(w.moved(n - n % 20, 4096, tick, write=bool(n % 2), pid=pid))
        elif kind < 19:
            made.append(w.connected((10, 11)[n % 2], pid, PEER, OWN, 443, 50000 + n % 100, tick, size=1460))
        elif n % 400 == 19:
            made.append(w.started(2000 + n % 60000, pid, "\\Device\\HarddiskVolume3\\Windows\\System32\\cmd.exe", tick))
            made.append(w.command(2000 + n % 60000, pid, "cmd.exe", f"cmd.exe /c build {n}", tick + 10))
        else:
            made.append(w.connected(12, pid, PEER, OWN, 443, 50000 + n % 1000, tick))
    return [*made, w.volume("\\Device\\HarddiskVolume3", "C:", count * 500)]


def write(path: Path, count: int) -> None:
    """Records in buffers of 64 KiB, two processors in turn."""
    full: list[list[bytes]] = [[]]
    room = 0
    for record in records(count):
        room += len(record)
        if room > 64_000:
            full.append([])
            room = len(record)
        full[-1].append(record)
    path.write_bytes(w.trace([], *full))


def read(path: Path) -> tuple[int, int, float]:
    """Records, rows, and seconds of processor time."""
    before = time.process_time()
    collector = EtlCollector(path)
    collector.open()
    rows = sum(batch.num_rows for batch in collector.batches(lambda: False))
    collector.close()
    return collector.counts.records, rows, time.process_time() - before


def tell(path: Path, name: str) -> None:
    found = [read(path) for _ in range(RUNS)]
    rates = sorted(n / seconds for n, _, seconds in found)
    median = statistics.median(rates)
    print(
        f"{name}: {found[0][0]:,} records, {found[0][1]:,} rows: {median:,.0f} records/s and core (slowest {rates[0]:,.0f}, fastest {rates[-1]:,.0f})"
    )


def main(arguments: list[str]) -> None:
    numbers = [int(a) for a in arguments if a.isdigit()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "busy.etl"
        write(path, numbers[0] if numbers else 200_000)
        print(f"machine noise before: {noise()}")
        tell(path, f"a busy agent ({path.stat().st_size / 1e6:.0f} MB)")
        for name in (a for a in arguments if not a.isdigit()):
            tell(Path(name), Path(name).name)
        print(f"machine noise after: {noise()}")


if __name__ == "__main__":
    main(sys.argv[1:])
