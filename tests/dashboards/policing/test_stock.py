"""What stands where: runs are counted under their policy and host, a division is told, and runs without a policy are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from dashboards.policing import stock

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def in_force(*rows):
    names = ("policy", "host", "version", "refused")
    filled = [dict(zip(names, row, strict=True)) | {"since": SINCE, "file": "/etc/p.yaml", "files": 1} for row in rows]
    types = [
        ("policy", pa.string()),
        ("host", pa.string()),
        ("version", pa.string()),
        ("refused", pa.timestamp("us", "UTC")),
    ]
    more = [("since", pa.timestamp("us", "UTC")), ("file", pa.string()), ("files", pa.int64())]
    return pa.Table.from_pylist(filled, pa.schema([*types, *more]))


def running(*rows):
    names = ("policy", "host", "mode", "runs", "running", "newest")
    types = pa.schema([(n, pa.int64() if n in {"runs", "running"} else pa.string()) for n in names])
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], types)


def test_runs_stand_with_their_policy_and_host_and_the_busiest_is_first():
    policies = in_force(("a", "h1", "1" * 64, None), ("b", "h1", "2" * 64, None), ("b", "h2", "2" * 64, None))
    runs = running(
        ("b", "h2", "enforce", 3, 1, "r9"),
        ("b", "h2", "audit", 4, 0, "r8"),
        ("a", "h1", "enforce", 2, 0, "r1"),
        ("a", "h3", "enforce", 9, 9, "x"),
    )
    rows = stock.standing(policies, runs).to_pylist()
    assert [(r["policy"], r["host"], r["running"], r["runs"], r["modes"]) for r in rows] == [
        ("b", "h2", 1, 7, "audit, enforce"), ("a", "h1", 0, 2, "enforce"), ("b", "h1", 0, 0, ""),
    ]  # fmt: skip
    assert rows[0]["newest"] == "/run?run=r9"
    assert rows[2]["newest"] is None
    assert rows[0]["short"] == "2" * stock.SHORT


def test_a_later_refusal_is_said():
    rows = stock.standing(in_force(("a", "h", "1", SINCE)), running()).to_pylist()
    assert rows[0]["state"] == "in force; a later change was refused"


def test_only_runs_without_a_policy_count_as_unmanaged():
    assert (
        stock.unmanaged(
            running((None, "h1", "none", 5, 2, "r"), (None, "h2", "none", 1, 1, "s"), ("a", "h1", "audit", 1, 1, "t"))
        )
        == 3
    )
    assert stock.unmanaged(running()) == 0


def test_a_policy_in_two_versions_is_told_with_its_hosts():
    told = stock.divided(
        in_force(
            ("a", "h1", "1" * 64, None),
            ("a", "h2", "2" * 64, None),
            ("a", "h3", "2" * 64, None),
            ("b", "h1", "3", None),
        )
    )
    assert told == [f"a: {'1' * 12} on h1; {'2' * 12} on h2, h3"]


def test_an_address_cannot_leave_its_query():
    rows = stock.standing(
        in_force(("a", "h", "1", None)), running(("a", "h", "enforce", 1, 1, "x&role=admin#\n"))
    ).to_pylist()
    assert rows[0]["newest"] == "/run?run=x%26role%3Dadmin%23%0A"
