"""A hundred thousand opens per second for ten seconds, under a policy, into a lake: is one lost?

The whole of ``lictor run`` is at work but its command line: sensor, steps, enforcer, log. The
load generator counts what it did; the lake is asked how many rows it has; the sensor's own
sequence numbers are held against both.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import Load, compiled
from lictor.service import Service
from pipeline.lake.reader import Lake
from pipeline.policy.compile import RunContext
from pipeline.policy.load import read_policies

RATE = 100_000
SECONDS = 10
POLICY = Path(__file__).parents[1] / "policies" / "coding-agent.yaml"


def main() -> None:
    """One load at the rate that must be reached, one as fast as the machine goes."""
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(Path(folder))
        measure(program, Path(folder) / "paced", "open", RATE * SECONDS, "--rate", str(RATE), "--path", "/etc/hostname")
        measure(program, Path(folder) / "burst", "open", RATE * SECONDS, "--path", "/etc/hostname")


def measure(program: Path, lake: Path, kind: str, count: int, *options: str) -> None:
    """Run one load under a service of its own, and print what came of it."""
    service = Service(lake, read_policies([POLICY]), report=print)
    service.open()
    context = RunContext("/home/u/project", "/root", {}, "root", "host", "codex")
    begin, spent = time.monotonic(), time.process_time()
    with Load(program, kind, count, *options) as load:
        live = service.begin(load.pid, context, "loadgen")
        load.go()
        service.serve(lambda: not load.running())
        done = load.count()
    took, cpu = time.monotonic() - begin, time.process_time() - spent
    service.end(live, 0)
    service.close()
    asked = Lake(lake)
    rows = asked.query("SELECT count(*) AS n FROM activity WHERE path = '/etc/hostname'")["n"][0].as_py()
    sums = asked.query(
        "SELECT sum(emitted) AS e, sum(delivered) AS d, sum(lost) AS l FROM coverage WHERE class = 'file'"
    ).to_pylist()[0]
    files = asked.query("SELECT count(*) AS n FROM activity WHERE class = 'file'")["n"][0].as_py()
    print(
        f"{' '.join(options[:2]) if '--rate' in options else 'unpaced':<14} {done.done} opens in {took:.1f} s ({done.done / took:,.0f}/s): "
        f"{rows} rows, {sums['l']} lost; Lictor {cpu / took:.0%} of a core"
    )
    if sums["e"] != files + sums["l"] or done.done != rows + sums["l"]:
        sys.exit(
            f"accounting hole: {sums['e']} numbers given out, {files} rows, {sums['l']} lost, {done.done} opens done"
        )


if __name__ == "__main__":
    main()
