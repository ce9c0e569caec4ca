from __future__ import annotations

import pyarrow as pa
import pytest

from collectors.etw.accounts import CLASSES, Accounts
from collectors.etw.tracing import Lost
from collectors.interface import Origin
from collectors.numbering import Numbering
from pipeline import schema


@pytest.fixture
def numbers():
    return Numbering("b")


@pytest.fixture
def accounts(numbers):
    return Accounts(Origin("host", "b"), "etw", numbers)


def losses(accounts):
    return {r["reason"]: r["lost"] for r in accounts.close().to_pylist() if r["class"] == "health"}


def test_every_class_has_a_row_also_when_nothing_came(accounts):
    rows = accounts.close().to_pylist()
    assert [(r["class"], r["reason"], r["emitted"], r["lost"]) for r in rows] == [(c, "none", 0, 0) for c in CLASSES]
    assert {(r["host"], r["boot_id"], r["source"]) for r in rows} == {("host", "b", "etw")}


def test_spans_of_numbers_are_what_was_delivered(accounts, numbers):
    rows = schema.batch("activity", {"class": pa.array(["file"] * 3).dictionary_encode().cast(schema.DICTIONARY)})
    numbers.batch(rows)
    accounts.close()
    numbers.batch(rows)
    (row,) = (r for r in accounts.close().to_pylist() if r["class"] == "file")
    assert (row["first_seq"], row["last_seq"], row["emitted"], row["delivered"]) == (4, 6, 3, 3)


def test_counters_are_told_as_what_came_to_them(accounts):
    accounts.asked("act", Lost(3))
    accounts.asked("act", Lost(5, 1, 2))
    accounts.asked("proc", Lost(1))
    assert losses(accounts) == {
        "act_events_lost": 5, "proc_events_lost": 1, "act_real_time_buffers_lost": None, "act_log_buffers_lost": None,
    }  # fmt: skip
    accounts.asked("act", Lost(5, 1, 2))
    assert losses(accounts) == {}


def test_a_session_that_began_anew_counts_from_nothing(accounts):
    accounts.asked("act", Lost(5))
    accounts.gone("act")
    accounts.began("act")
    accounts.asked("act", Lost(2))
    assert losses(accounts) == {"act_events_lost": 7, "act_session_stopped": None}


def test_drops_and_troubles_are_counted_by_reason(accounts):
    accounts.dropped("act", 4)
    accounts.dropped("act", 4)
    accounts.trouble("malformed", 2)
    accounts.trouble("malformed", 0)
    rows = {r["reason"]: r for r in accounts.close().to_pylist() if r["class"] == "health"}
    assert {reason: r["lost"] for reason, r in rows.items()} == {"act_queue_full": 4, "malformed": 2}
    assert all(r["emitted"] == r["delivered"] + r["lost"] for r in rows.values())


def test_intervals_follow_each_other(accounts):
    first, second = accounts.close().to_pylist()[0], accounts.close().to_pylist()[0]
    assert first["until"] == second["since"]
