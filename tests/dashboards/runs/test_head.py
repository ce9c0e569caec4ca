"""The head of a run: complete only if nothing is known to be lost, governed as it was, in words for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.runs import head

START = datetime(2026, 1, 1, tzinfo=UTC)
ROW = {
    "run": "r1", "lost": 0, "events": 10, "mode": "enforce", "policy": "p", "policy_version": "a" * 64, "user": "u", "cwd": "/w", "started": START,
    "ended": START + timedelta(seconds=90), "exit_code": 3,
}  # fmt: skip
COUNTS = {"events": 10}
NOTHING = pa.table({"lost": pa.array([], pa.int64())})


@pytest.mark.parametrize(("row", "lost", "complete"), [
    ({}, NOTHING, True), ({"lost": 2}, NOTHING, False), ({}, pa.table({"lost": [1]}), False), ({"events": 11}, NOTHING, False), ({"events": None}, NOTHING, True),
])  # fmt: skip
def test_complete_only_if_nothing_is_known_to_be_lost(row, lost, complete):
    assert head.coverage(ROW | row, COUNTS, lost)[0] is complete


@pytest.mark.parametrize(
    ("mode", "policy", "word"),
    [
        ("enforce", "p", "enforced: p"),
        ("audit", "p", "audit only: p"),
        ("none", None, "unmanaged"),
        ("enforce", None, "unmanaged"),
    ],
)
def test_how_it_is_governed(mode, policy, word):
    assert head.governed(ROW | {"mode": mode, "policy": policy}).startswith(word)


def test_its_version_is_told_or_that_there_was_none():
    assert "a" * 16 in head.version(ROW)
    assert "No policy" in head.version(ROW | {"policy_version": None})


def test_facts():
    said = " ".join(head.facts(ROW))
    assert "u in /w" in said
    assert "1 min 30 s" in said
    assert "exit status 3" in said
    assert "now" in " ".join(head.facts(ROW | {"ended": None}))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0123, "0.0123 s"), (59, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min"), (-5, "0 s")]
)
def test_lengths(seconds, text):
    assert head.length(timedelta(seconds=seconds)) == text
