"""Prints the facts that a figure means nothing without: processor, kernel, load, and how noisy this machine is.

The noise is measured, not guessed: a fixed piece of work is timed again and again, and the spread of its times says
which differences between two figures mean anything. ``make bench`` prints it before and after the benchmarks.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROUNDS = 15


def processor(cpuinfo: str) -> str:
    """Model name out of the text of /proc/cpuinfo; the architecture where it has none (arm64)."""
    names = [line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib(meminfo: str) -> float:
    """Total memory in GiB out of the text of /proc/meminfo; 0 where it does not say."""
    sizes = [int(line.split()[1]) for line in meminfo.splitlines() if line.startswith("MemTotal:")]
    return sizes[0] / 2**20 if sizes else 0.0


def spread(times: Sequence[float]) -> float:
    """Distance of the 90th percentile from the fastest time, as a share of the fastest."""
    ordered = sorted(times)
    return ordered[int(0.9 * (len(ordered) - 1))] / ordered[0] - 1


def baseline() -> None:
    """A fixed piece of work of some milliseconds that touches processor and memory as the pipeline does."""
    values = np.arange(1_000_000, dtype=np.int64)[::-1].copy()
    values.sort()
    np.unique(values & 1023)


def timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that ``work`` took by ``clock``."""
    begin = clock()
    work()
    return clock() - begin


def noise(rounds: int = ROUNDS) -> str:
    """One line: median of the baseline and its spread in wall time and in processor time."""
    baseline()  # the first round pays for memory that the others find mapped
    wall = [timed(baseline) for _ in range(rounds)]
    cpu = [timed(baseline, time.process_time) for _ in range(rounds)]
    median = statistics.median(wall) * 1e3
    return f"baseline {median:.1f} ms; spread {spread(wall):.0%} in wall time, {spread(cpu):.0%} in processor time"


def facts() -> list[str]:
    """Lines about this machine now."""
    cores = len(os.sched_getaffinity(0))
    load = ", ".join(f"{x:.2f}" for x in os.getloadavg())
    return [
        f"processor   {processor(Path('/proc/cpuinfo').read_text())}, {cores} cores usable",
        f"memory      {memory_gib(Path('/proc/meminfo').read_text()):.1f} GiB",
        f"kernel      {platform.release()}",
        f"python      {platform.python_version()}, numpy {np.__version__}",
        f"load        {load} (1, 5, 15 minutes)",
        f"noise       {noise()}",
    ]


def main(arguments: Sequence[str]) -> None:
    """Print everything, or with ``--after`` only what the benchmarks may have changed."""
    lines = facts()
    print("\n".join(lines[-2:] if "--after" in arguments else lines))


if __name__ == "__main__":
    main(sys.argv[1:])
