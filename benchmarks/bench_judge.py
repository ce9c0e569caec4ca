"""How many rows per second and core the judge takes, from a batch to the batch with its verdicts.

CPU time of 40 batches after five for warming up, at 10,000 and 100,000 rows, against 63 rules (180 path
patterns): *steady* is a collector that goes on using its dictionary; *new dictionaries* has one per batch, of
values that are known; a *flood* has 50,000 paths per batch that nobody saw before and pays re2 for each.
"""

from __future__ import annotations

import statistics
import sys
import time
from itertools import count, cycle, islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.steps.judge import Judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATHS = 50_000
"""Distinct paths of a long session; a batch draws from them by Zipf's law."""

RULES = "".join(
    f"""
  - {{ id: team-{i}, on: [file.read, file.write], match: {{ path: ["/srv/team{i}/**", "**/.secret{i}", "/opt/t{i}/*.key"] }}, action: deny }}"""
    for i in range(60)
)
POLICY = f"""
lictor: 1
name: bench
defaults: {{ exec: allow, file.read: allow, file.write: deny, network: deny }}
rules:
  - {{ id: workspace, on: [file.write, file.delete], match: {{ path: ["${{workspace}}/**", "/tmp/**"] }}, action: allow }}
  - {{ id: keys, on: file.read, match: {{ path: ["~/.ssh/**", "**/.env"] }}, unless: {{ exe: /usr/bin/git }}, action: deny }}
  - {{ id: web, on: network, match: {{ port: [80, 443], net: external }}, action: allow }}{RULES}
"""


def program() -> Judge:
    context = RunContext("/home/u/project", "/home/u", {}, "u", "host", "bench")
    return Judge(compile_policies([load_policy(POLICY, "bench.yaml")], context))


def paths(prefix: str) -> pa.Array:
    homes = ("/home/u/project/src", "/usr/lib/python3/dist-packages", "/usr/include/c++", "/home/u/.ssh", "/srv/team7")
    return pa.array([f"{homes[i % 5]}/{prefix}{i * 7919 % 100_003}/file_{i}.py" for i in range(PATHS)])


def batch(rows: int, rng: np.random.Generator, values: pa.Array, *, own: bool) -> pa.RecordBatch:
    """A mixed batch: 60 % reads, 25 % writes, 5 % exec, 10 % connect; ``own`` gives it a dictionary of its own."""
    kind = rng.choice(4, rows, p=[0.6, 0.25, 0.05, 0.1])
    network = pa.array(kind == 3)
    path = pa.DictionaryArray.from_arrays(
        pa.array(np.minimum(rng.zipf(1.2, rows) - 1, PATHS - 1).astype(np.int32), mask=kind == 3), values
    )

    def text(names: list[str], codes: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=mask), pa.array(names))

    ports = rng.choice([22, 80, 443, 8080], rows).astype(np.int32)
    columns = {
        "operation": text(["file.read", "file.write", "exec", "net.connect"], kind),
        "intent": text(["read", "write,create"], np.minimum(kind, 1), kind > 1),
        "agent_run": text(["run-1"], np.zeros(rows)),
        "exe": text([f"/usr/bin/tool{i}" for i in range(40)] + ["/usr/bin/git"], rng.integers(0, 41, rows)),
        "path": pa.array(path.cast(pa.string())).dictionary_encode() if own else path,
        "dst_ip": text([f"10.0.{i}.1" for i in range(100)] + ["8.8.8.8"], rng.integers(0, 101, rows), kind != 3),
        "dst_port": pa.array(ports, mask=np.logical_not(network)),
        "protocol": text(["tcp"], np.zeros(rows), kind != 3),
    }
    return schema.batch("activity", columns)


def rates(judge: Judge, batches: Iterator[pa.RecordBatch]) -> list[float]:
    """Millions of rows per CPU second of each batch; ends the script where a row is left without a verdict."""
    found = []
    for part in batches:
        begin = time.process_time()
        out = judge(part)
        found.append(part.num_rows / (time.process_time() - begin) / 1e6)
        if out.num_rows != part.num_rows or out["verdict"].null_count:
            sys.exit("bench_judge: rows without a verdict")
    return found


def report(name: str, make: Callable[[], Iterator[pa.RecordBatch]], must: float | None = None, runs: int = 40) -> None:
    found = rates(program(), islice(make(), runs + 5))[5:]
    median = statistics.median(found)
    print(f"{name:28} median {median:6.2f}  min {min(found):6.2f}  max {max(found):6.2f}  M rows/s/core")
    if must:
        said = "reached" if median >= must else "not reached"
        print(f"figure: judge {name} {median:.2f} M rows/s/core (must reach {must:g}): {said}")


def main() -> None:
    pa.set_cpu_count(1)
    rng = np.random.default_rng(1)
    values = paths("m")
    for rows, must in ((10_000, 3.0), (100_000, 5.0)):
        kept = [batch(rows, rng, values, own=False) for _ in range(5)]
        report(f"steady, {rows}", lambda kept=kept: cycle(kept), must)
        fresh = [batch(rows, rng, values, own=True) for _ in range(5)]
        report(f"new dictionaries, {rows}", lambda fresh=fresh: cycle(fresh), must)
        report(
            f"flood, {rows}", lambda rows=rows: (batch(rows, rng, paths(f"f{i}"), own=True) for i in count()), runs=8
        )


if __name__ == "__main__":
    main()
