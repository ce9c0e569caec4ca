"""What a source costs the process that it watches: the load generator's own processor time, with and without, side by side."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from benchmarks.load import Load
from collectors.interface import LiveCollector, Run


def cost(
    program: Path, kind: str, count: int, collector: LiveCollector | None = None, *, scope: int = 0, exe_bits: int = 0
) -> float:
    """Processor nanoseconds per operation of one load, part of a run when there is a collector.

    Ends the program with a line where operations are missing: a cost of what did not happen would be none.
    """
    with Load(program, kind, count) as load:
        if collector is not None:
            collector.tag(load.pid, collector.add_run(Run("bench", None)), scope=scope, exe_bits=exe_bits)
        load.go()
        if collector is not None:
            rows = sum(b.num_rows for b in collector.batches(lambda: not load.running()))
            if rows < count:
                sys.exit(f"only {rows} rows of {count} opens arrived")
        done = load.count()
    if done.failed or done.done != count:
        sys.exit(f"the load did {done.done} of {count}, {done.failed} failed")
    return done.cpu_ns


def shown(name: str, figures: list[float], base: list[float], limit: str = "") -> str:
    """One line: the cost, and what it is above its base, pair by pair."""
    added = [f - b for f, b in zip(figures, base, strict=True)]
    parts = f"median {statistics.median(figures):7.0f}  min {min(figures):7.0f}  max {max(figures):7.0f} ns"
    above = f"added median {statistics.median(added):6.0f}  min {min(added):6.0f}  max {max(added):6.0f} ns"
    return f"{name:<34} {parts}   {above}{limit}"
