"""From the mapped ring to a verdict, and on to the durable log: events per second of processor time.

Records of a real session (git, a compiler, Python, connects, a flood of opens; recorded when the
benchmark starts) are laid into rings in memory and taken from there by the collector's own code:
drained, decoded, attributed and judged by ``policies/coding-agent.yaml``, then appended to a lake
and made durable. Printed at 10,000 and 100,000 records per drain: both figures that must be
reached, and where the time goes.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import load
from benchmarks.session import MemoryRing, Session, record
from collectors.ebpf.collector import EbpfCollector
from collectors.interface import Run
from collectors.kernel.decode import decode
from pipeline.flow import Flow, PerRun
from pipeline.lake.writer import LakeWriter
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import read_policies
from pipeline.steps.attribute import attribute
from pipeline.steps.judge import Judge

POLICY = Path(__file__).parents[1] / "policies" / "coding-agent.yaml"
ROUNDS = 12
RING = 1 << 24
STAGES = ("drain", "decode", "attribute", "judge", "append")


class Bench:
    """A collector fed from memory, and the pipeline behind it."""

    def __init__(self, session: Session, lake: Path) -> None:
        self._session = session
        self._rings = {"events": MemoryRing(RING), "priority": MemoryRing(RING), "strings": MemoryRing(RING)}
        self._collector = EbpfCollector(None)
        self._collector._rings = {n: r.ring for n, r in self._rings.items()}  # noqa: SLF001 - in place of the kernel's
        self._collector.context.runs[1] = Run("bench", "codex")
        self._rings["strings"].put(session.strings)
        self._next = 0
        context = RunContext("/home/u/project", "/root", {}, "root", "host", "codex")
        self._judge = PerRun({"bench": Judge(compile_policies(read_policies([POLICY]), context))})
        self._writer = LakeWriter(lake, "host")
        self._flow = Flow([], lambda batch: (batch, None), self._writer.append)
        self.spent: dict[str, list[float]] = defaultdict(list)

    def round(self, rows: int, *, keep: bool) -> None:
        """One batch of ``rows`` from the rings to verdicts, and with ``keep`` to the durable log; times per row in ns."""
        events, priority = self._session.batch(rows, self._next, 10**12 + self._next * 1000)
        self._next += rows
        self._rings["events"].put(events)
        self._rings["priority"].put(priority)
        spent, left = dict.fromkeys(STAGES, 0.0), rows
        while left:
            raw = timed(spent, "drain", self._collector._drain)  # noqa: SLF001 - one stage by itself
            left -= len(raw)
            batch = timed(spent, "decode", lambda raw=raw: decode(raw, self._collector.context))
            timed(spent, "decode", self._collector.context.forget_ended)
            batch = timed(spent, "attribute", lambda batch=batch: attribute(batch))
            batch = timed(spent, "judge", lambda batch=batch: self._judge(batch))
            check(batch)
            if keep:
                timed(spent, "append", lambda batch=batch: self._flow(batch))
        if keep:
            timed(spent, "append", self._writer.sync)
        for stage, seconds in spent.items():
            self.spent[stage].append(seconds / rows * 1e9)

    def close(self) -> None:
        """Let go of the lake."""
        self._writer.close()


def timed(spent: dict[str, float], stage: str, work: Callable[[], pa.RecordBatch]) -> pa.RecordBatch:
    begin = time.thread_time()
    result = work()
    spent[stage] += time.thread_time() - begin
    return result


def check(batch: pa.RecordBatch) -> None:
    if batch.column("verdict").null_count or batch.column("path").null_count > batch.num_rows / 2:
        sys.exit("bench_ring: rows without verdict or path: the figures mean nothing")


def measure(session: Session, rows: int, folder: Path, *, keep: bool) -> None:
    """Print the figure and its parts."""
    bench = Bench(session, folder)
    try:
        for _ in range(2):
            bench.round(rows, keep=keep)
        bench.spent.clear()
        for _ in range(ROUNDS if rows > 50_000 else 5 * ROUNDS):
            bench.round(rows, keep=keep)
    finally:
        bench.close()
    totals = np.sum([bench.spent[s] for s in STAGES], axis=0)
    rates = sorted(1e3 / totals)
    parts = ", ".join(f"{s} {statistics.median(bench.spent[s]):.0f}" for s in STAGES if any(bench.spent[s]))
    what = "ring to durable log" if keep else "ring to verdict"
    print(
        f"{what:20} {rows:>7} rows  median {statistics.median(rates):5.2f}  min {rates[0]:5.2f}  max {rates[-1]:5.2f}"
        f"  M events/s/core  (ns per event: {parts})"
    )


def main() -> None:
    pa.set_cpu_count(1)  # one core is what is promised, and thread_time sees this thread only
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = record(folder, load.compiled(folder))
        print(
            f"session: {len(session.events)} events, {len(session.priority)} of processes, {len(session.strings)} string pieces"
        )
        for keep in (False, True):
            for rows in (10_000, 100_000):
                measure(session, rows, folder / f"lake-{keep}-{rows}", keep=keep)


if __name__ == "__main__":
    main()
