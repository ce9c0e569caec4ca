"""What Sigma costs: converting a rule, and asking all rules of 100,000 events; in wall time, with the processor's beside it.

The rules are SigmaHQ's, which are not part of this tree: ``LICTOR_SIGMA`` names a checkout of github.com/SigmaHQ/sigma.
Measured are ``Compiler.file`` over every rule file, per endpoint rule, and ``run.matches`` from activity rows to (rule, row)
for the Linux rules (process_creation, file_event, network_connection) and for the Windows process_creation rules.

The events are made from a fixed seed: programs by Zipf's law from 300, each of the 100,000 command lines another one (the
worst case: rules are asked of distinct events), parents by Zipf's law from 40. One event in 1,000 holds what a rule
of the set looks for, and the figure counts only where that rule finds every one of these.
For comparison the same rows with 5,000 distinct command lines, which is nearer to what agents do.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.sigma.bundle import Bundle
from pipeline.sigma.compile import Compiler, rule_files
from pipeline.sigma.run import matches

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
EVENTS, ROUNDS = 100_000, 5
WORDS = (
    "--verbose",
    "-o",
    "build/out",
    "src/main.py",
    "install",
    "--no-cache",
    "-c",
    "test",
    "https://example.org/a",
    "-rf",
    "HEAD~1",
)
PLANTED = {
    "linux": ("/usr/bin/base64", "base64 -d /dev/shm/payload.b64", "Decode Base64 Encoded Text"),
    "windows": (
        r"C:\Windows\System32\vssadmin.exe",
        "vssadmin.exe delete shadows /all /quiet",
        "Shadow Copies Deletion",
    ),
}


def compiled(root: Path) -> Bundle:
    """Every endpoint rule; prints what converting took."""
    begin, spent = time.perf_counter(), time.process_time()
    compiler = Compiler()
    for folder in FOLDERS:
        for path in rule_files(root / folder):
            compiler.file(path, path.relative_to(root).as_posix())
    bundle = compiler.bundle()
    wall, processor = time.perf_counter() - begin, time.process_time() - spent
    count = len(bundle.rules)
    print(
        f"convert {count} rules: {wall / count * 1e3:.1f} ms a rule ({processor / count * 1e3:.1f} ms of processor), {len(bundle.failures)} not converted"
    )
    return bundle


def rows(product: str, distinct: int, rng: np.random.Generator) -> tuple[pa.Table, int]:
    """Exec rows, and how many of them are planted."""
    exe, line, _ = PLANTED[product]
    folder, ending = ("/usr/bin/", "") if product == "linux" else ("C:\\Program Files\\Tools\\", ".exe")
    programs = [f"{folder}tool{i}{ending}" for i in range(300)]
    program = np.minimum(rng.zipf(1.4, EVENTS) - 1, 299)
    words = rng.integers(0, len(WORDS), (distinct, 5))
    lines = [" ".join([f"tool{i % 300}", *(WORDS[w] for w in words[i]), f"--id={i:06}"]) for i in range(distinct)]
    planted = rng.choice(EVENTS, EVENTS // 1000, replace=False)
    which = np.arange(EVENTS) % distinct
    exes, cmdlines = np.array(programs, object)[program], np.array(lines, object)[which]
    exes[planted], cmdlines[planted] = exe, line
    parents = np.array(programs, object)[np.minimum(rng.zipf(1.6, EVENTS) - 1, 39)]
    time_us = pa.array(np.arange(EVENTS) + 10**15, pa.timestamp("us", "UTC"))
    constant = {
        "operation": "exec",
        "outcome": "success",
        "source": {"linux": "ebpf", "windows": "sysmon"}[product],
        "user": "bench",
        "cwd": "/w",
    }
    return pa.table({
        "time": time_us, "exe": pa.array(exes, pa.string()), "cmdline": pa.array(cmdlines, pa.string()), "parent_exe": pa.array(parents, pa.string()),
        "process_key": pa.array(np.arange(EVENTS)), "parent_key": pa.array(np.zeros(EVENTS, np.int64)),
        **{k: pa.array([v] * EVENTS) for k, v in constant.items()},
    }), len(planted)  # fmt: skip


def measure(bundle: Bundle, product: str, distinct: int, rounds: int) -> None:
    """Print what asking the rules of a product takes."""
    rng = np.random.default_rng(1)
    table, planted = rows(product, distinct, rng)
    known = {r.id for r in bundle.rules if PLANTED[product][2] in r.title}
    times, processor = [], []
    for _ in range(rounds):
        with duckdb.connect() as connection:
            begin, spent = time.perf_counter(), time.process_time()
            found = matches(connection, bundle, table)
            times.append(time.perf_counter() - begin)
            processor.append(time.process_time() - spent)
    counted = dict.fromkeys(known, 0)
    for rule in found["rule_id"].to_pylist():
        counted[rule] = counted.get(rule, 0) + 1
    if not any(counted[i] == planted for i in known):
        sys.exit(f"bench_sigma: planted {planted} events, found {[counted[i] for i in known]}")
    wall, rules = statistics.median(times), len(bundle.rules)
    print(
        f"{product}: {rules} rules over {EVENTS:,} events, {distinct:,} distinct command lines: {wall:.2f} s ({min(times):.2f}–{max(times):.2f}),"
        f" {wall / rules * 1e3:.2f} ms a rule, {EVENTS / wall:,.0f} events/s; processor {statistics.median(processor):.1f} s"
    )


def main(arguments: list[str]) -> None:
    root = Path(os.environ.get("LICTOR_SIGMA", ""))
    if not os.environ.get("LICTOR_SIGMA") or not (root / "rules").is_dir():
        print("bench_sigma: left out: LICTOR_SIGMA names no checkout of SigmaHQ's rules")
        return
    rounds = int(arguments[0]) if arguments else ROUNDS
    bundle = compiled(root)
    linux = Bundle(tuple(r for r in bundle.rules if r.product == "linux"), (), {}, "", "")
    windows = Bundle(
        tuple(r for r in bundle.rules if (r.product, r.category) == ("windows", "process_creation")), (), {}, "", ""
    )
    for distinct in (EVENTS, 5_000):
        measure(linux, "linux", distinct, rounds)
        measure(windows, "windows", distinct, rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
