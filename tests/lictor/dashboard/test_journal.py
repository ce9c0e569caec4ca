"""Who looked at what, in the lake before it is shown."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboards.interface import Account, DashboardError, Role
from lictor.dashboard.journal import LakeJournal
from pipeline.lake.errors import LakeError
from pipeline.lake.reader import Lake
from pipeline.lake.writer import SEAL_AGE_S, LakeWriter

ANN = Account("ann", Role.analyst, "local")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def writer(folder):
    with LakeWriter(folder, "box") as writer:
        yield writer


@pytest.fixture
def journal(writer):
    return LakeJournal(writer)


def rows(folder):
    return Lake(folder).query("SELECT * FROM console ORDER BY time").to_pylist()


def test_row_is_there_when_the_call_returns(journal, folder):
    before = time.time()
    journal.write(
        ANN, "search", outcome="success", page="audit", object="a\x1b[2J", detail={"keyword": "'; DROP", "n": 5}
    )
    (row,) = rows(folder)  # another connection to the same folder, while the writer is open
    assert before - 1 <= row["time"].timestamp() <= time.time() + 1
    assert (row["account"], row["role"], row["account_source"], row["act"]) == ("ann", "analyst", "local", "search")
    assert (row["host"], row["outcome"], row["page"], row["object"]) == ("box", "success", "audit", "a\x1b[2J")
    assert json.loads(row["detail"]) == {"keyword": "'; DROP", "n": 5}
    assert row["phase"] is None


def test_each_row_has_an_id_of_its_own(journal, folder):
    for _ in range(3):
        journal.write(ANN, "view", page="overview")
    assert len({row["id"] for row in rows(folder)}) == 3


def test_column_that_there_is_not_is_a_defect_and_no_row(journal, folder):
    with pytest.raises(TypeError, match="'colour'"):
        journal.write(ANN, "view", colour="red")
    assert rows(folder) == []


def test_what_cannot_be_recorded_is_an_error_for_the_person(journal, writer, monkeypatch):
    def full(*_):
        raise LakeError("/lake: No space left on device")

    monkeypatch.setattr(writer, "sync", full)
    with pytest.raises(DashboardError, match="cannot be recorded, so it is not done: /lake: No space left"):
        journal.write(ANN, "view")


def test_several_people_write_at_once(journal, folder):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.write(ANN, "view", object=str(n)), range(80)))
    assert sorted(int(row["object"]) for row in rows(folder)) == list(range(80))


def test_old_logs_become_segments_without_anybody_else_asking(folder):
    now = [0.0]
    with LakeWriter(folder, "box", clock=lambda: now[0]) as writer:
        journal = LakeJournal(writer)
        journal.write(ANN, "view")
        now[0] += SEAL_AGE_S + 1
        journal.write(ANN, "view")
        until = time.monotonic() + 20
        while not (found := list(folder.glob("console/**/*.parquet"))) and time.monotonic() < until:
            time.sleep(0.05)
        assert found
    assert len(rows(folder)) == 2
