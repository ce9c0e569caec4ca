"""Which policy stands where: versions in force by host, with the runs under them. Pure functions on answers of the lake."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa

from dashboards.parts import links
from pipeline import schema

SHORT = 12
"""Digits of a version that people read."""

_STANDING = pa.schema([
    ("policy", pa.string()), ("host", pa.string()), ("version", pa.string()), ("since", schema.TIME), ("running", pa.int64()),
    ("runs", pa.int64()), ("modes", pa.string()), ("newest", pa.string()), ("short", pa.string()), ("state", pa.string()),
    ("file", pa.string()), ("files", pa.int64()),
])  # fmt: skip


def standing(in_force: pa.Table, running: pa.Table) -> pa.Table:
    """One row for each policy and host: its version, the runs that go on under it, those of the time asked for, and their modes."""
    under: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in running.to_pylist():
        under[row["policy"], row["host"]].append(row)
    rows = []
    for row in in_force.to_pylist():
        runs = under[row["policy"], row["host"]]
        rows.append({
            **{name: row[name] for name in ("policy", "host", "version", "since", "file", "files")},
            "running": sum(r["running"] for r in runs), "runs": sum(r["runs"] for r in runs),
            "modes": ", ".join(sorted({r["mode"] for r in runs})), "short": (row["version"] or "")[:SHORT],
            "newest": _newest(runs),
            "state": "in force" if row["refused"] is None else "in force; a later change was refused",
        })  # fmt: skip
    rows.sort(key=lambda r: (-r["running"], -r["runs"], r["policy"] or "", r["host"] or ""))
    return pa.Table.from_pylist(rows, _STANDING)


def _newest(runs: list[dict[str, Any]]) -> str | None:
    """Address of the page of the newest run, one that goes on first; ids of runs begin with their time."""
    named = [(r["running"] > 0, r["newest"]) for r in runs if r["newest"]]
    return links.address("run", run=max(named)[1]) if named else None


def unmanaged(running: pa.Table) -> int:
    """Runs that go on without a policy."""
    return sum(row["running"] for row in running.to_pylist() if row["policy"] is None)


def divided(in_force: pa.Table) -> list[str]:
    """Policies that stand in different versions on different hosts, in words."""
    hosts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in in_force.to_pylist():
        hosts[row["policy"]][row["version"]].append(str(row["host"]))
    return [
        f"{policy}: " + "; ".join(f"{version[:SHORT]} on {', '.join(sorted(names))}" for version, names in sorted(versions.items()))
        for policy, versions in sorted(hosts.items())
        if len(versions) > 1
    ]  # fmt: skip
