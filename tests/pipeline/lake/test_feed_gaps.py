from __future__ import annotations

import os

import pytest

from pipeline.lake import commits, feed_gaps, feed_logs, frames, layout, seal
from pipeline.lake.feed_state import DONE, Place, State
from pipeline.lake.wal import Wal


@pytest.fixture
def logs(tmp_path, rows):
    """Logs of one writer: numbers 1 and 4 sealed, each naming the chain of the one before."""
    layout.prepare(tmp_path)
    made, previous = {}, frames.START.hex()
    for number in (1, 4):
        header = {"host": "vm", "created_ns": 1, "previous": previous}
        wal = Wal.create(layout.wal_path(tmp_path, f"w-{number}"), header)
        wal.append("activity", rows(2, number))
        previous = wal.chain.hex()
        made[number] = seal.seal(tmp_path, wal)
    return tmp_path, made


def state(root, *done):
    (root / "feed").mkdir(exist_ok=True)
    made = State(root / "feed")
    for stem in done:
        made.advance(stem, Place(DONE))
    return made


def test_numbers_that_never_were_logs_are_no_gap(logs):
    root, made = logs
    assert feed_gaps.missing(root, state(root, "w-1"), "w-4", {"w-4"}, made[4]) is None
    assert feed_gaps.missing(root, state(root), "w-1", {"w-1"}, made[1]) is None


def test_a_chain_that_goes_on_from_elsewhere_is_a_gap(logs):
    root, made = logs
    header = {**made[4].header, "previous": "ff" * 32}
    other = commits.Commit("w-4", header, 0, "", {}, ())
    found = feed_gaps.missing(root, state(root, "w-1"), "w-4", {"w-4"}, other)
    assert found == "logs 2 to 3 of writer w were removed before they were read"


def test_where_the_record_before_is_gone_or_damaged_too_it_is_told(logs):
    root, made = logs
    layout.commit_path(root, "w-1").write_text("{")
    assert "logs 2 to 3" in feed_gaps.missing(root, state(root, "w-1"), "w-4", {"w-4"}, made[4])
    layout.commit_path(root, "w-1").unlink()
    assert "logs 2 to 3" in feed_gaps.missing(root, state(root, "w-1"), "w-4", {"w-4"}, made[4])
    assert "logs 1 to 3" in feed_gaps.missing(root, state(root), "w-4", {"w-4"}, made[4])


def test_neighbours_that_are_there_or_done_are_enough(logs):
    root, made = logs
    assert feed_gaps.missing(root, state(root), "w-4", {"w-3", "w-4"}, made[4]) is None
    assert feed_gaps.missing(root, state(root, "w-3"), "w-4", {"w-4"}, made[4]) is None


def test_a_live_log_is_asked_itself(logs, rows):
    root, _ = logs
    known = state(root, "w-1")
    wal = Wal.create(layout.wal_path(root, "w-9"), {"previous": "ff" * 32})
    os.link(wal.path, feed_logs.kept(known.folder, "w-9"))
    assert "logs 2 to 8" in feed_gaps.missing(root, known, "w-9", {"w-9"}, None)
    wal.close()
