"""What the BCC source costs the process that it watches, and the one that it does not; and whether a burst is accounted for.

The load generator tells its own processor time per operation, kernel included, and how many it did. Opens are compared
under the source, beside it, and without it, in rounds that take turns; so is a system call that nobody traces. Then
50,000 opens come as fast as they can: rows and losses together must be what the load generator counted.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import machine
from benchmarks.cost import cost, shown
from benchmarks.load import Load, compiled
from collectors.bcc.collector import BccCollector
from collectors.interface import CollectorError, Run

ROUNDS = 6
OPENS = 40_000
CALLS = 1_000_000
BURST = 50_000
BURSTS = 5
LOADERS_OWN = 10
"""Files that the load generator opens besides: its libraries."""


def costs(program: Path, opened: Callable[[], BccCollector]) -> None:
    """Cost of an open, and of a call that nobody traces."""
    opens: dict[str, list[float]] = {"without": [], "beside": [], "of a run": []}
    calls: dict[str, list[float]] = {"without": [], "beside": []}
    cost(program, "open", OPENS)
    for _ in range(ROUNDS):
        opens["without"].append(cost(program, "open", OPENS))
        calls["without"].append(cost(program, "getppid", CALLS))
        collector = opened()
        opens["beside"].append(cost(program, "open", OPENS))
        calls["beside"].append(cost(program, "getppid", CALLS))
        opens["of a run"].append(cost(program, "open", OPENS, collector))
        collector.close()
    for name, figures in opens.items():
        print(shown(f"open+close, {name}", figures, opens["without"], "   (must: 3000)" if name == "of a run" else ""))
    for name, figures in calls.items():
        print(shown(f"getppid, {name}", figures, calls["without"]))


def bursts(program: Path, collector: BccCollector) -> None:
    """Opens of many files as fast as they come: rows plus losses against the generator's own count."""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(500):
            (Path(folder) / str(i)).touch()
        for number in range(BURSTS):
            collector.health()
            with Load(program, "distinct", BURST, "--path", folder, "--files", "500", "--threads", "2") as load:
                collector.tag(load.pid, collector.add_run(Run(f"burst-{number}", None)))
                load.go()
                batches = [b for b in collector.batches(lambda load=load: not load.running()) if b.num_rows]
                done = load.count()
            coverage = [r for r in collector.health().to_pylist() if r["class"] == "file"]
            rest = [b for b in collector.batches(lambda: True) if b.num_rows]
            rows = sum(p is not None and p.startswith(folder) for b in batches + rest for p in b["path"].to_pylist())
            lost = sum(r["lost"] for r in coverage)
            if not done.done <= rows + lost <= done.done + LOADERS_OWN:
                sys.exit(f"{rows} rows and {lost} lost of {done.done} opens")
            print(
                f"burst {number + 1}: {rows} rows, {lost} lost of {done.done} opens in {done.wall_s:.2f} s   (must: all)"
            )


def main() -> None:
    """Measure and print."""
    print(f"noise       {machine.noise()}")

    def opened() -> BccCollector:
        collector = BccCollector()
        collector.open()
        return collector

    with tempfile.TemporaryDirectory() as folder:
        program = compiled(Path(folder))
        try:
            costs(program, opened)
            collector = opened()
        except CollectorError as error:
            sys.exit(f"not measured: {error}")
        bursts(program, collector)
        collector.close()


if __name__ == "__main__":
    main()
