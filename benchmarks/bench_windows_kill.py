"""How fast and how surely a tree of 50 processes is ended on Windows; elsewhere under Wine, in a genuine Windows Python.

From the call of ``kill_run`` to its answer, wall time, 50 trials each: for a tree that Lictor started in a job object, and for one that was
found and is first gathered into one. Who is left is counted from outside: each process holds a connection, which the system
closes at its end. Must reach: 1 s, nobody left in any trial.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from enforcer.interface import Order, RunHandle
from enforcer.windows import process, tree
from enforcer.windows.enforcer import WindowsEnforcer
from enforcer.windows.guard import WindowsGuard
from enforcer.windows.job import Job
from enforcer.windows.launch import launch
from tests.windows.counting import Count
from tools import winpython

TRIALS = 50
PROCESSES = 50
SHAPE = "7,6"
MOST_S = 1.0
PATIENCE_S = 500.0
ROOT = Path(__file__).resolve().parents[1]

Trial = Callable[[str, Count], tuple[float, bool]]
"""One tree: how long its end took, and whether that was confirmed."""


def launched(exe: str, count: Count) -> tuple[float, bool]:
    job = Job(fail="closed")
    root = launch(job, [exe, str(count.port), SHAPE])
    taken = timed(count, root.pid, root.key, RunHandle("bench", group=job))
    job.close()
    return taken


def found(exe: str, count: Count) -> tuple[float, bool]:
    root = subprocess.Popen([exe, str(count.port), SHAPE])
    key, guard = process.key(root.pid), WindowsGuard()

    def check(pid: int, other: int) -> None:
        guard.check_process("bench", pid, other)

    gather = RunHandle("bench", gather=lambda: tree.gather(lambda: [(root.pid, key)], check))
    taken = timed(count, root.pid, key, gather)
    root.wait()
    return taken


def timed(count: Count, pid: int, key: int, handle: RunHandle) -> tuple[float, bool]:
    if not count.wait(PROCESSES, 60):
        for one in count.pids.values():
            process.kill_process(one, process.key(one), 0)
        sys.exit(f"only {len(count.pids)} of {PROCESSES} processes came up")
    begun = time.perf_counter()
    outcome = WindowsEnforcer().kill_run(Order("kill", "bench", key, pid, actor="bench"), handle, MOST_S)
    return time.perf_counter() - begun, outcome.confirmed


def measure(name: str, trial: Trial, exe: str) -> bool:
    times, left, unconfirmed = list[float](), 0, 0
    for _ in range(TRIALS):
        count = Count()
        seconds, confirmed = trial(exe, count)
        times.append(seconds * 1000)
        count.wait(0, 0.5)
        left += count.living()
        unconfirmed += not confirmed
        count.close()
    print(
        f"{name}: {PROCESSES} processes, {TRIALS} trials: median {statistics.median(times):.0f} ms, "
        f"{min(times):.0f} to {max(times):.0f} ms; {left} left, {unconfirmed} not confirmed"
    )
    return not left and not unconfirmed and max(times) <= MOST_S * 1000


def on_windows() -> int:
    exe = os.environ["LICTOR_TREE_EXE"]
    return 0 if all([measure("launched", launched, exe), measure("found", found, exe)]) else 1


def under_wine() -> int:
    if wanted := winpython.missing():
        print(f"not measured: {', '.join(wanted)} missing")
        return 0
    made = winpython.build(Path(os.environ.get("LICTOR_TEST_CACHE") or Path.home() / ".cache" / "lictor-tests"))
    with tempfile.TemporaryDirectory() as folder:
        exe = Path(folder) / "tree.exe"
        winpython.compile_c(ROOT / "tests" / "windows" / "tree.c", exe, "-lws2_32")
        extra = {"PYTHONPATH": winpython.windows_path(ROOT), "LICTOR_TREE_EXE": winpython.windows_path(exe)}
        done = winpython.run(made, ["-m", "benchmarks.bench_windows_kill"], extra=extra, patience=PATIENCE_S)
    print(done.stdout + done.stderr, end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(on_windows() if sys.platform == "win32" else under_wine())
