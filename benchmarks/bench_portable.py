"""What the portable source costs a run with 10,000 files, and how long a file event takes to become a row.

The share is that of the whole ``lictor run`` process, by the system's count: while its command sleeps, while it writes
ten files and starts one program a second, and the same under a policy.
The delay is from the act, by the actor's clock, to the batch that has its row.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.bench_idle import processor_seconds, resident_mib
from collectors.interface import Run, Wanted
from collectors.portable.collector import PortableCollector

FOLDERS, FILES = 100, 100
SECONDS = 10.0
POLICY = Path(__file__).parents[1] / "policies" / "default.yaml"
"""Names nearly 500 places outside of the workspace."""
ROUNDS = 3
EVENTS = 60

_BUSY = """
import subprocess, time
for second in range(600):
    for n in range(10):
        open(f"d{n}/busy{second % 5}", "w").write("x")
        time.sleep(0.1)
    subprocess.run(["sleep", "0.1"])
"""


def filled(folder: Path) -> Path:
    """A workspace of ``FOLDERS`` times ``FILES`` files."""
    for d in range(FOLDERS):
        below = folder / f"d{d}"
        below.mkdir(parents=True)
        for f in range(FILES):
            (below / f"f{f}").touch()
    return folder


def shares(workspace: Path, lake: Path, *command: str, policy: Path | None = None) -> tuple[list[float], float]:
    """Processor shares of a run in rounds, and its resident memory in MiB."""
    whole = [
        sys.executable, "-m", "lictor", "run", "--quiet", "--source", "portable", "--lake", str(lake),
        *(() if policy is None else ("--policy", str(policy))), "--", *command,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(whole, cwd=workspace, env=environment, stderr=subprocess.DEVNULL) as run:
        time.sleep(8)  # started, and calm
        found = []
        for _ in range(ROUNDS):
            before = processor_seconds(run.pid)
            time.sleep(SECONDS)
            found.append((processor_seconds(run.pid) - before) / SECONDS)
        memory = resident_mib(run.pid)
        run.terminate()
    return found, memory


def delays(workspace: Path) -> dict[str, list[float]]:
    """Seconds from an act to the batch with its row, by operation."""
    collector = PortableCollector(Wanted(report=print))
    collector.open()
    number = collector.add_run(Run("bench", None))
    collector.heed(number, [workspace])
    acts: dict[tuple[str, str], float] = {}
    over = threading.Event()

    def act() -> None:
        for n in range(EVENTS):
            file, away = workspace / "d7" / f"new{n}", workspace.parent / f"away{n}"
            acts["file.create", str(file)] = time.monotonic()
            file.touch()
            time.sleep(0.05)
            acts["file.delete", str(file)] = time.monotonic()
            # Moved out: the system's notice waits for its other half, so this is the slowest of all.
            file.rename(away)
            time.sleep(0.05)
        time.sleep(1.5)
        over.set()

    threading.Thread(target=act).start()
    found: dict[str, list[float]] = {"file.create": [], "file.delete": []}
    for batch in collector.batches(over.is_set):
        now = time.monotonic()
        for row in batch.to_pylist() if batch.num_rows else ():
            begun = acts.get((row["operation"], row["path"]))
            if begun is not None:
                found[row["operation"]].append(now - begun)
    collector.close()
    return found


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = filled(Path(folder) / "workspace")
        idle, busy = ("sleep", "600"), (sys.executable, "-c", _BUSY)
        for name, command, policy in (("idle", idle, None), ("busy", busy, None), ("policy", busy, POLICY)):
            found, memory = shares(workspace, Path(folder) / f"lake-{name}", *command, policy=policy)
            told = f"median {statistics.median(found):.2%}  min {min(found):.2%}  max {max(found):.2%}"
            print(f"{name:<12} {told} of a core, {memory:.0f} MiB   (must: 2 %)")
        for operation, seconds in delays(workspace).items():
            middle, worst = statistics.median(seconds), max(seconds)
            print(
                f"{operation:<12} {len(seconds)} of {EVENTS} rows; median {middle:.3f} s  max {worst:.3f} s   (must: 1 s)"
            )


if __name__ == "__main__":
    main()
