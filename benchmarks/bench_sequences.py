"""How many rows per second and core the engine for rules with a memory takes, by what the rows do to it.

CPU time of ``Correlate`` alone, from a judged batch to the batch with the verdicts of sequences, in batches of 10,000 and
100,000 rows. The load is a build: each row opens a file that nobody saw before for writing, by 200 processes in turn.

- *no step*: the policy's sequence speaks of other operations; *no match*: it speaks of writes to other paths
  (the mixed load of ``bench_judge``, *steady*); both with the matching of rules;
- *first step*: every row matches the first step of a sequence, told apart by run, process and path; the matcher's
  answer is given, since finding out what a new path matches costs what it costs the judge (``bench_judge``, flood);
- *rate*: every row counts, and the rate stays exceeded; *matched*: the same with the matching of new paths;
- *taint*: nothing is labelled, or every process has read a credential, so that every file is tainted.

Each figure is the median of ten rounds after two for warming up.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from benchmarks import bench_judge
from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import load_policy
from pipeline.policy.sequences import planned
from pipeline.steps.correlate import Correlate

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, WARM = 10, 2
CONTEXT = RunContext("/w", "/home/u", {}, "u", "host", "bench")

EGRESS = """
  - id: secret-then-egress
    sequence: [ { on: file.read, match: { label: credential } }, { on: net.connect, match: { net: external } } ]
    within: 60s
    action: isolate"""
ELSEWHERE = EGRESS.replace("file.read, match: { label: credential }", "file.write, match: { path: /nowhere/** }")
BUILD = """
  - id: build-{by}
    sequence: [ {{ on: file.write, match: {{ path: "/w/**" }} }}, {{ on: exec, match: {{ exe: "/w/**" }} }} ]
    within: 60s
    by: {by}
    action: ask"""
RATE = """
  - { id: flood, on: file.write, match: { rate: "10000/s" }, action: audit }"""
TAINT = """
  - { id: leak, on: net.connect, match: { taint: credential, net: external }, action: isolate }"""


class Given:
    """A matcher for which every row matches the first step of the first rule."""

    def match(self, batch: pa.RecordBatch) -> np.ndarray:
        """Bit 0 of every row."""
        return np.ones((1, batch.num_rows), np.int64)


def correlate(rules: str, *, given: bool) -> Correlate:
    program = compile_policies([load_policy(f"lictor: 1\nname: bench\nrules:{rules}\n", "bench.yaml")], CONTEXT)
    plan = planned(program)
    if plan is None:
        sys.exit("bench_sequences: the policy has no rule with a memory")
    plan = replace(plan, matcher=Given()) if given else plan
    return Correlate(plan, lambda _: None)


def text(values: list[str], codes: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values))


def build(rows: int, first: int) -> pa.RecordBatch:
    """Rows that each open a new file of the workspace for writing, by 200 processes."""
    number = np.arange(first, first + rows)
    paths = pa.array([f"/w/obj/{i:08x}.o" for i in number.tolist()])
    zeros = np.zeros(rows)
    return schema.batch("activity", {
        "time_ns": pa.array(number * 1000), "cpu": pa.array(zeros.astype(np.int32)), "seq": pa.array(number),
        "boot_id": text(["b"], zeros), "source": text(["ebpf"], zeros), "class": text(["file"], zeros), "host": text(["h"], zeros),
        "operation": text(["file.write"], zeros), "intent": text(["write,create"], zeros), "agent_run": text(["r"], zeros),
        "process_key": pa.array(number // 50 % 200), "exe": text(["/usr/bin/cc"], zeros),
        "path": pa.DictionaryArray.from_arrays(pa.array(np.arange(rows, dtype=np.int32)), paths),
        "dev": pa.array(np.full(rows, 5)), "ino": pa.array(number + 1000), "errno": pa.array(zeros.astype(np.int32)),
    })  # fmt: skip


def secret_read() -> pa.RecordBatch:
    """One read of a credential by each of the 200 processes."""
    one = build(200, 0)
    columns = dict(zip(one.schema.names, one.columns, strict=True))
    zeros = np.zeros(200)
    columns |= {
        "operation": text(["file.read"], zeros), "intent": text(["read"], zeros), "path": text(["/home/u/.ssh/id_rsa"], zeros),
        "process_key": pa.array(np.arange(200)),
    }  # fmt: skip
    return schema.batch("activity", columns)


def batches(rows: int) -> Iterator[pa.RecordBatch]:
    first = 10_000
    while True:
        yield build(rows, first)
        first += rows


def mixed(rows: int) -> Iterator[pa.RecordBatch]:
    """What a collector sends that goes on using its dictionary."""
    rng, values = np.random.default_rng(1), bench_judge.paths("m")
    return cycle([bench_judge.batch(rows, rng, values, own=False) for _ in range(5)])


def report(
    name: str,
    rules: str,
    rows: int,
    must: float | None,
    *,
    given: bool = False,
    again: bool = False,
    begin: pa.RecordBatch | None = None,
) -> None:
    step, found = correlate(rules, given=given), []
    stops = rules == RATE
    if begin is not None:
        step(begin)
    source = mixed(rows) if again else batches(rows)
    for i in range(ROUNDS + WARM):
        parts = [next(source) for _ in range(max(1, (200_000 if must else 20_000) // rows))]
        began = time.process_time()
        out = [step(part) for part in parts]
        spent = time.process_time() - began
        if any(("verdict" in o.schema.names) != stops for o in out[-1:]):
            sys.exit(f"bench_sequences: {name}: wrong verdicts")
        if i >= WARM:
            found.append(rows * len(parts) / spent / 1e6)
    median = statistics.median(found)
    print(f"{name:24} {rows:7} rows  median {median:6.2f}  min {min(found):6.2f}  max {max(found):6.2f}  M rows/s/core")
    if must is None:
        return
    said = "reached" if median >= must else "not reached"
    print(f"figure: sequences {name}, {rows} {median:.2f} M rows/s/core (must reach {must:g}): {said}")


def main() -> None:
    pa.set_cpu_count(1)
    for rows in (10_000, 100_000):
        report("no step", EGRESS, rows, 2)
        report("no match", ELSEWHERE, rows, 2, again=True)
        for by in ("agent_run", "process", "path"):
            report(f"first step, by {by}", BUILD.format(by=by), rows, 1, given=True)
        report("rate exceeded", RATE, rows, 1, given=True)
        report("rate exceeded, matched", RATE, rows, None)
        report("taint, nothing labelled", TAINT, rows, 2)
        report("taint, all tainted", TAINT, rows, 0.3, begin=secret_read())


if __name__ == "__main__":
    main()
