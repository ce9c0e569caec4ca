"""Granted against used: each rule of the text once, whatever decided beside it told apart, and nothing counted twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from dashboards.policing import use

NOW = datetime(2026, 11, 26, tzinfo=UTC)
COUNTS = ("matches", "went", "refused", "runs")


def rule(name, action, on="file.read", enforced="kernel"):
    return {"policy": "p", "rule": name, "on": on, "action": action, "enforced": enforced, "reason": "", "cost": ""}


def used(*rows):
    fields = [
        ("rule", pa.string()),
        *((n, pa.int64()) for n in COUNTS),
        ("by", pa.string()),
        ("last", pa.timestamp("us", "UTC")),
    ]
    made = [dict.fromkeys(COUNTS, 0) | {"last": NOW, "by": "codex"} | row for row in rows]
    return pa.Table.from_pylist(made, pa.schema(fields))


def by_rule(table):
    rows = table.to_pylist()
    assert len({r["rule"] for r in rows}) == len(rows)
    return {r["rule"]: r for r in rows}


def test_each_rule_stands_once_with_all_the_ways_it_is_carried_out():
    rules = [
        rule("keys", "deny", "file.read", "kernel"),
        rule("keys", "deny", "file.write, file.read", "user space"),
        rule("keys", "deny", "exec", ""),
    ]
    (row,) = use.joined(rules, used()).to_pylist()
    assert (row["on"], row["enforced"]) == ("file.read, file.write, exec", "kernel, user space")


def test_what_nobody_needed_is_told_apart_from_what_was_used():
    rows = by_rule(use.joined(
        [rule("web", "allow"), rule("cache", "allow"), rule("keys", "deny"), rule("persist", "deny")],
        used({"rule": "web", "matches": 7, "runs": 2}, {"rule": "keys", "matches": 3, "refused": 2, "went": 1}),
    ))  # fmt: skip
    assert {n: r["use"] for n, r in rows.items()} == {
        "web": "used", "cache": "granted, never used", "keys": "decided", "persist": "never needed",
    }  # fmt: skip
    assert (rows["keys"]["refused"], rows["keys"]["went"], rows["cache"]["matches"]) == (2, 1, 0)


def test_what_decided_and_is_not_in_the_text_stays_visible():
    rows = by_rule(
        use.joined([rule("web", "allow")], used({"rule": "old", "matches": 5}, {"rule": None, "matches": 9}))
    )
    assert rows["old"]["use"] == "not in this text"
    assert rows[use.SILENT]["use"] == "nothing speaks of these"
    assert rows[use.SILENT]["matches"] == 9


def test_the_summary_counts_rules_of_the_text_only():
    table = use.joined(
        [rule("web", "allow"), rule("note", "audit"), rule("cache", "allow"), rule("keys", "deny"), rule("ask", "ask")],
        used(
            {"rule": "web", "matches": 1},
            {"rule": "keys", "matches": 1},
            {"rule": "gone", "matches": 9},
            {"rule": None, "matches": 3},
        ),
    )
    told = use.summary(table)
    assert (told.granting, told.used, told.unused, told.stopping, told.stopped) == (3, 1, 2, 2, 1)


def test_the_busiest_rule_is_first():
    rows = use.joined(
        [rule("b", "allow"), rule("a", "allow"), rule("c", "allow")], used({"rule": "c", "matches": 4})
    ).to_pylist()
    assert [r["rule"] for r in rows] == ["c", "a", "b"]


def test_of_a_rule_that_decides_all_the_time_the_newest_part_is_looked_at():
    since = NOW - timedelta(days=10)
    few, many, all_at_once = ({"matches": n, "last": NOW} for n in (use.LOOKED_AT, use.LOOKED_AT * 10, 10**12))
    assert use.newest_part(few, since) == since
    assert use.newest_part(many, since) == NOW - timedelta(days=1)
    assert use.newest_part(all_at_once, since) == NOW - use.LEAST
    assert use.newest_part({"matches": 10**9, "last": since}, since) == since
