"""How long a backtest over ten million events takes: the lake's own rows, the policy `policies/default.yaml`.

Measured is ``lictor.backtesting.backtest``, all that the command does but the printing: from the closed lake to the
sums by run and rule, with rules that need the order of events. Processor time of this process and of the query workers
is told beside the time on the clock, since a machine that does something else stretches only the latter.

The lake is made first, in a temporary folder that is removed: 400 runs of 25,000 events (60 % reads, 20 % writes, 6 % programs,
5 % connections, the rest forks, exits, renames and deletions) by ten users in twenty workspaces. Paths are drawn by Zipf's law from 8,000
of the workspace and 4,000 of the system; one write in eight goes to a name that no other run has, as temporary files do.
Each tenth run reads a credential and connects to the outside with curl within a minute. The generator counts what the policy must say of its
rows; the figure counts only where the backtest says exactly that, for every run and rule.

``python benchmarks/bench_backtest.py [EVENTS]`` takes another number of events, 25,000 a run.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

from lictor.backtesting import backtest
from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter
from pipeline.policy.load import read_policies

POLICY = Path(__file__).parents[1] / "policies" / "default.yaml"
EVENTS, PER_RUN, MUST_S = 10_000_000, 25_000, 20.0
BEGIN_NS, RUN_NS = 1_790_000_000_000_000_000, 10**12
OPERATIONS = (
    "file.read",
    "file.write",
    "file.create",
    "exec",
    "fork",
    "exit",
    "net.connect",
    "file.rename",
    "file.delete",
)
SHARES = (0.6, 0.15, 0.05, 0.06, 0.03, 0.03, 0.05, 0.015, 0.015)
CLASSES, CLASS_OF = ("file", "process", "network"), np.array([0, 0, 0, 1, 1, 1, 2, 0, 0])
SYSTEM = [f"/usr/lib/python3/dist-packages/pkg{i % 97}/mod_{i}.py" for i in range(4000)]
TOOLS = [f"/usr/bin/tool{i}" for i in range(30)]
PEERS, PORTS = ["140.82.121.4", "10.0.0.7", "127.0.0.1", "203.0.113.9"], np.array([443, 443, 5173, 4444], np.int32)

Expected = Counter[tuple[str, str]]
"""(run, rule) → events that the policy must stop."""


def text(values: list[str], codes: np.ndarray, absent: np.ndarray | None = None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=absent), pa.array(values))


def run_rows(rng: np.random.Generator, number: int, expected: Expected) -> pa.RecordBatch:
    """One run's events; adds to ``expected`` what must be stopped."""
    n, run, home = PER_RUN, f"r{number:05}", f"/home/bench{number % 10}"
    workspace = f"{home}/project{number % 20}"
    op = rng.choice(len(OPERATIONS), n, p=SHARES)
    reads, writes, connects = op == 0, np.isin(op, (1, 2, 7)), op == 6
    pool = [f"{workspace}/src/d{i % 200}/file_{i}.py" for i in range(8000)]
    fresh = [f"{workspace}/build/{run}-{i:05x}.tmp" for i in range(n // 8)]
    outside, secret = f"{home}/Documents/notes", f"{home}/.aws/credentials"
    paths = [*pool, *SYSTEM, *fresh, outside, secret]
    path = np.minimum(rng.zipf(1.25, n) - 1, len(pool) - 1)
    path = np.where(reads & (rng.random(n) < 0.5), len(pool) + np.minimum(rng.zipf(1.3, n) - 1, len(SYSTEM) - 1), path)
    path = np.where(writes & (rng.random(n) < 0.125), len(pool) + len(SYSTEM) + rng.integers(0, len(fresh), n), path)
    path = np.where(writes & (rng.random(n) < 0.001), len(paths) - 2, path)
    peer = rng.choice(len(PEERS), n, p=(0.6, 0.2, 0.19, 0.01))
    tools = [*TOOLS, "/usr/bin/curl"]
    exe = np.minimum(rng.zipf(1.6, n) - 1, len(TOOLS) - 1)
    times = BEGIN_NS + number * RUN_NS + np.sort(rng.integers(0, 600 * 10**9, n))
    failed = rng.random(n) < 0.1
    leak = -1
    if number % 10 == 0:
        leak = int(np.flatnonzero(reads)[100])
        path[leak] = len(paths) - 1
        exe = np.where(connects & (peer == 0) & (rng.random(n) < 0.3), len(TOOLS), exe)
    frozen = connects & (exe == len(TOOLS)) & (peer != 1) & (peer != 2) if leak >= 0 else np.zeros(n, bool)
    frozen &= (times >= times[max(leak, 0)]) & (times - times[max(leak, 0)] <= 60 * 10**9)
    for rule, rows in (
        ("default:file.write", writes & (path == len(paths) - 2)), ("default:network", connects & (peer == 3) & ~frozen),
        ("credentials", np.arange(n) == leak), ("secret-then-egress", frozen),
    ):  # fmt: skip
        expected[run, rule] += int((rows & ~failed).sum())
    zeros, no_path = np.zeros(n), np.isin(op, (3, 4, 5, 6))
    return schema.batch("activity", {
        "time": pa.array(times // 1000, schema.TIME), "time_ns": pa.array(times), "host": text(["bench"], zeros),
        "boot_id": text(["boot"], zeros), "source": text(["ebpf"], zeros), "cpu": pa.array((np.arange(n) % 2).astype(np.int32)),
        "seq": pa.array(np.arange(n)), "class": text(list(CLASSES), CLASS_OF[op]), "operation": text(list(OPERATIONS), op),
        "intent": text(["read", "write", "write,create"], np.minimum(op, 2), op > 2),
        "outcome": text(["success", "failure"], failed), "errno": pa.array(np.where(failed, 2, 0).astype(np.int32)),
        "agent": text(["bench"], zeros), "agent_run": text([run], zeros), "user": text([f"bench{number % 10}"], zeros),
        "uid": pa.array(np.full(n, 5000 + number % 10)), "process_key": pa.array(rng.integers(1, 300, n) + number * 1000),
        "exe": text(tools, exe), "cmdline": text([f"tool --job {i}" for i in range(60)], rng.integers(0, 60, n), op != 3),
        "path": text(paths, path, no_path), "path_to": text(paths, rng.integers(0, 8000, n), op != 7),
        "dst_ip": text(PEERS, peer, ~connects), "dst_port": pa.array(PORTS[peer], mask=~connects), "protocol": text(["tcp"], zeros, ~connects),
    })  # fmt: skip


def made(folder: Path, runs: int) -> Expected:
    """Write the lake; what must be stopped in it."""
    rng, expected = np.random.default_rng(1), Expected()
    with LakeWriter(folder, "bench") as writer:
        for number in range(runs):
            rows = run_rows(rng, number, expected)
            writer.append("activity", rows)
            begun, ended = rows["time"][0].as_py(), rows["time"][-1].as_py()
            writer.append("runs", pa.Table.from_pylist([{
                "run": f"r{number:05}", "state": "ended", "time": ended, "started": begun, "ended": ended, "host": "bench",
                "agent": "bench", "user": f"bench{number % 10}", "cwd": f"/home/bench{number % 10}/project{number % 20}", "events": PER_RUN,
            }], schema=schema.lake_schema("runs")))  # fmt: skip
    return +expected


def processor_s() -> float:
    """Processor time of this process and its children."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(s.ru_utime + s.ru_stime for s in spent)


def main(arguments: list[str]) -> None:
    runs = (int(arguments[0]) if arguments else EVENTS) // PER_RUN
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        expected = made(Path(folder), runs)
        print(f"lake of {runs} runs, {runs * PER_RUN:,} events: made in {time.perf_counter() - begin:.0f} s")
        policies = read_policies([POLICY])
        begin, before = time.perf_counter(), processor_s()
        found = backtest(Lake(folder), policies)
        seconds, spent = time.perf_counter() - begin, processor_s() - before
    broken = Counter({(s.run, s.said[0].rule): 0 for s in found.sums})
    for s in found.sums:
        broken[s.run, s.said[0].rule] += s.went if s.said[0].stops else 0
    if found.events != runs * PER_RUN or +broken != expected:
        wrong = [(k, expected[k], broken[k]) for k in {*expected, *broken} if expected[k] != broken[k]]
        sys.exit(f"bench_backtest: {found.events:,} events; wrong sums: {sorted(wrong)[:5]} of {len(wrong)}")
    print(f"stopped as the generator counted: {expected.total():,} events; runs read in order: {len(found.in_order)}")
    print(
        f"processor {spent:.1f} s, {found.events / spent / 1e6:.2f} M events per second of processor; peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB here"
    )
    said = "reached" if seconds <= MUST_S else "not reached"
    print(f"figure: backtest of {found.events:,} events {seconds:.1f} s (must reach {MUST_S:g}): {said}")


if __name__ == "__main__":
    main(sys.argv[1:])
