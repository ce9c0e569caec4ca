"""A large policy: 500 path rules and 200 network rules over a million events with 50,000 distinct paths.

*warm*: rows per second of processor time once every value was seen, in batches of 10,000 and 100,000. *new value*:
processor time of the first pass over everything that is distinct, divided by the number of distinct values
(paths, addresses, programs). *reload*: wall time from the text of 5,000 rules to a judge that is ready, with the kernel's plan.
The rules and the events are made from a fixed seed; a plain reading of some rows (Python's ``fnmatch`` on their own patterns, a second
opinion on addresses by ``ipaddress``) checks the verdicts.
"""

from __future__ import annotations

import ipaddress
import statistics
import sys
import time

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import load_policy
from pipeline.steps.judge import Judge

EVENTS = 1_000_000
PATHS = 50_000
ADDRESSES = 2_000
PATH_RULES, NETWORK_RULES = 500, 200
CONTEXT = RunContext("/home/u/project", "/home/u", {}, "u", "host", "bench")


def policy_text(path_rules: int, network_rules: int) -> str:
    """Rules of every kind: trees, names anywhere, patterns, networks with ports, exceptions."""
    shapes = (
        '"/srv/t{i}/**"',
        '"**/.secret{i}"',
        '"/opt/t{i}/*.key", "/opt/t{i}/**/key-*.pem"',
        '"~/.config/app{i}/token"',
        '"**/vault{i}/**"',
    )
    lines = ["lictor: 1", "name: bench", "defaults: { exec: allow, file.read: allow, file.write: deny, network: deny }", "rules:",
             '  - { id: workspace, on: [file.write, file.delete], match: { path: ["${workspace}/**", "/tmp/**"] }, action: allow }']  # fmt: skip
    for i in range(path_rules - 1):
        action, unless = ("deny", "audit", "deny")[i % 3], ", unless: { exe: /usr/bin/git }" if i % 4 == 0 else ""
        path = shapes[i % len(shapes)].format(i=i)
        lines.append(
            f"  - {{ id: p{i}, on: [file.read, file.write], match: {{ path: [{path}] }}{unless}, action: {action} }}"
        )
    for i in range(network_rules):
        low, bits = 1024 + i * 7, 16 if network_rules <= 256 else 20
        first = f"10.{i % 256}.{i // 256 * 16}.0/{bits}"
        lines.append(
            f"  - {{ id: n{i}, on: network, match: {{ ip: [{first}, 198.{18 + i // 256 % 2}.{i % 256}.0/24], port: [443, {low}-{low + 5}] }}, "
            f"action: {('allow', 'deny', 'audit')[i % 3]} }}"
        )
    return "\n".join(lines) + "\n"


def events(rng: np.random.Generator, rows: int, *, every: bool = False) -> pa.RecordBatch:
    """70 % file rows, 30 % connections; ``every`` puts each distinct value in once."""
    tops = [
        "/home/u/project/src",
        "/usr/lib/python3",
        *(f"/srv/t{i}/data" for i in range(0, 500, 5)),
        *(f"/opt/t{i}" for i in range(2, 500, 5)),
    ]
    paths = [f"{tops[i % len(tops)]}/d{i * 7919 % 9973}/file_{i}.{('py', 'key', 'txt')[i % 3]}" for i in range(PATHS)]
    addresses = [str(ipaddress.ip_address((10 << 24) + i * 8191 % (1 << 24))) for i in range(ADDRESSES)]
    network = np.arange(rows) % (PATHS + ADDRESSES) >= PATHS if every else rng.random(rows) < 0.3
    at = np.arange(rows) % (PATHS + ADDRESSES) if every else rng.integers(0, PATHS, rows)

    def text(names: list[str], codes: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=mask), pa.array(names))

    return schema.batch("activity", {
        "operation": text(["file.read", "file.write", "net.connect"], np.where(network, 2, rng.integers(0, 2, rows))),
        "agent_run": text(["run-1"], np.zeros(rows)),
        "exe": text([f"/usr/bin/tool{i}" for i in range(40)] + ["/usr/bin/git"], rng.integers(0, 41, rows)),
        "path": text(paths, at % PATHS, network),
        "dst_ip": text(addresses, at % ADDRESSES, ~network),
        "dst_port": pa.array(rng.choice([22, 80, 443, 1030, 2000], rows).astype(np.int32), mask=~network),
        "protocol": text(["tcp"], np.zeros(rows), ~network),
    })  # fmt: skip


def figure(name: str, value: float, unit: str, must: float, *, at_most: bool) -> None:
    reached = value <= must if at_most else value >= must
    word = "at most" if at_most else "at least"
    print(f"figure: policy {name} {value:.3g} {unit} ({word} {must:g}): {'reached' if reached else 'not reached'}")


def warm(judge: Judge, rng: np.random.Generator, rows: int) -> None:
    parts = [events(rng, rows) for _ in range(5)]
    for part in parts:
        judge(part)
    spent = []
    for i in range(max(EVENTS // rows, 30)):
        begin = time.process_time()
        judge(parts[i % 5])
        spent.append(rows / (time.process_time() - begin) / 1e6)
    print(
        f"warm, {rows} rows: median {statistics.median(spent):.2f} min {min(spent):.2f} max {max(spent):.2f} M events/s/core"
    )
    figure(f"warm {rows}", statistics.median(spent), "M events/s/core", 2.0, at_most=False)


def check(out: pa.RecordBatch) -> None:
    """A second opinion on connections: rule n{i} is the only one of 10.{i}.0.0/16."""
    table = out.slice(0, 20_000).to_pylist()
    for row in table:
        if row["operation"] != "net.connect":
            continue
        i = ipaddress.ip_address(row["dst_ip"]).packed[1]
        held = i < NETWORK_RULES and (row["dst_port"] == 443 or 0 <= row["dst_port"] - 1024 - i * 7 <= 5)
        wanted = ("allow", "deny", "audit")[i % 3] if held else "deny"
        if row["verdict"] != wanted:
            sys.exit(f"bench_policy: {row['dst_ip']}:{row['dst_port']} got {row['verdict']}, wanted {wanted}")


def main() -> None:
    pa.set_cpu_count(1)
    text = policy_text(PATH_RULES, NETWORK_RULES)
    firsts = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        judge = Judge(compile_policies([load_policy(text, "bench.yaml")], CONTEXT))
        whole = events(rng, PATHS + ADDRESSES, every=True)
        begin = time.process_time()
        out = judge(whole)
        firsts.append((time.process_time() - begin) / (PATHS + ADDRESSES) * 1e6)
        check(out)
    print(f"new value: median {statistics.median(firsts):.1f} min {min(firsts):.1f} max {max(firsts):.1f} µs")
    figure("new value", statistics.median(firsts), "µs", 25, at_most=True)
    for rows in (10_000, 100_000):
        warm(judge, rng, rows)
    large, spent = policy_text(4_000, 1_000), []
    for _ in range(5):
        begin = time.perf_counter()
        program = compile_policies([load_policy(large, "bench.yaml")], CONTEXT)
        kernel_plan(program)
        Judge(program)
        spent.append(time.perf_counter() - begin)
    print(f"reload of 5,000 rules: median {statistics.median(spent):.2f} min {min(spent):.2f} max {max(spent):.2f} s")
    figure("reload", statistics.median(spent), "s", 1.0, at_most=True)


if __name__ == "__main__":
    main()
