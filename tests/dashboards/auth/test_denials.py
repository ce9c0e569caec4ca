"""Rows about those who were turned away, and how many there can be."""

from __future__ import annotations

import pytest

from dashboards.auth.denials import A_MINUTE, Denials


@pytest.fixture
def denials(journal, clock):
    return Denials(journal, clock)


def test_row_says_who_from_where_and_why(denials, journal):
    denials.write("eve", "wrong name or password", "10.0.0.9")
    (row,) = journal.rows
    assert (row["account"], row["act"], row["outcome"], row["note"], row["client"]) == (
        "eve", "sign_in", "denied", "wrong name or password", "10.0.0.9",
    )  # fmt: skip


def test_flood_is_counted_and_not_kept(denials, journal, clock):
    for _ in range(A_MINUTE + 500):
        denials.write("eve", "wrong", "")
    assert len(journal.rows) == A_MINUTE
    clock.now += 60
    denials.write("eve", "wrong", "")
    assert journal.rows[-1]["detail"] == {"not_written": 500}
    denials.write("eve", "wrong", "")
    assert journal.rows[-1]["detail"] is None


def test_names_are_cut_and_none_is_nobody(denials, journal):
    denials.write("x" * 1000, "wrong", "")
    denials.write("", "wrong", "")
    assert [row["account"] for row in journal.rows] == ["x" * 64, "nobody"]


def test_journal_that_cannot_be_written_lets_nobody_in_and_ends_nothing(denials, journal):
    journal.broken = "disk full"
    denials.write("eve", "wrong", "")
    assert journal.rows == []
