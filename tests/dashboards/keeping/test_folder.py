"""The lake's folder by its commit records: sums that agree with the rows, chains that notice what was taken out, and large lakes in parts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards.keeping import folder
from pipeline import schema
from pipeline.lake import layout
from pipeline.lake.errors import LakeError
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter

DAY = datetime(2026, 11, 1, tzinfo=UTC)


def rows(count, begin=DAY):
    made = [{"run": f"r{i}", "state": "started", "time": begin + timedelta(hours=i), "host": "h"} for i in range(count)]
    return pa.Table.from_pylist(made, schema.lake_schema("runs"))


@pytest.fixture
def sealed(tmp_path):
    """A lake whose one writer sealed four logs."""
    root = tmp_path / "lake"
    with LakeWriter(root, "h") as writer:
        for number in range(4):
            writer.append("runs", rows(30, DAY + timedelta(days=number)))
            writer.seal()
    return root


def commit_of(root, number):
    return next(p for p in (root / layout.COMMITS).iterdir() if p.stem.endswith(f"-{number}"))


def test_sums_agree_with_the_rows_and_the_files(sealed):
    found = folder.held(sealed)
    table = {r["table"]: r for r in folder.tables(found).to_pylist()}
    assert set(table) == set(schema.TABLES)
    assert table["runs"]["rows"] == Lake(sealed).query("SELECT count(*) AS n FROM run_log")["n"][0].as_py() == 120
    files = list((sealed / "runs").rglob("*.parquet"))
    assert (table["runs"]["segments"], table["runs"]["bytes"]) == (len(files), sum(f.stat().st_size for f in files))
    assert (table["runs"]["oldest"], table["runs"]["newest"]) == (DAY, DAY + timedelta(days=3, hours=29))
    assert table["activity"]["rows"] == 0
    assert found.whole


def test_logs_that_are_not_sealed_are_counted(sealed):
    with LakeWriter(sealed, "h") as writer:
        writer.append("runs", rows(1))
        writer.sync()
        found = folder.held(sealed)
        assert found.logs == 1
        assert found.log_bytes == sum(p.stat().st_size for p in (sealed / "wal").iterdir())


def test_a_whole_chain_holds(sealed):
    told = folder.chains(folder.held(sealed))
    assert (told.writers, told.holds, told.missing, told.broken) == (1, 3, (), ())


def test_a_record_that_was_taken_out_is_missed(sealed):
    gone = commit_of(sealed, 2)
    gone.unlink()
    told = folder.chains(folder.held(sealed))
    assert (told.holds, told.missing, told.broken) == (1, (gone.stem,), ())


def test_a_record_that_was_replaced_breaks_the_chain(sealed):
    path = commit_of(sealed, 3)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"chain": "0" * 64}))
    assert folder.chains(folder.held(sealed)).broken == (commit_of(sealed, 4).stem,)


def test_a_damaged_record_is_told_and_the_others_count(sealed):
    path = commit_of(sealed, 1)
    path.write_bytes(b"{")
    found = folder.held(sealed)
    assert len(found.records) == 3
    assert found.whole
    assert str(path) in found.trouble[0]


def test_a_large_lake_is_read_in_parts_and_what_was_read_is_remembered(sealed, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(folder.time, "monotonic", lambda: now[0])
    reading = folder.commits.read

    def slow(*args):
        now[0] += 1
        return reading(*args)

    monkeypatch.setattr(folder.commits, "read", slow)
    counts = []
    for _ in range(3):
        found = folder.held(sealed, budget=1.5)
        counts.append((len(found.records), found.known, found.whole))
    assert counts == [(2, 4, False), (4, 4, True), (4, 4, True)]
    assert now[0] == 4


def test_what_is_remembered_is_bounded(sealed, monkeypatch):
    monkeypatch.setattr(folder, "REMEMBERED", 2)
    assert folder.held(sealed).whole
    assert len(folder._read) <= 2


def test_an_empty_lake_has_nothing_and_no_lake_is_an_error(tmp_path):
    found = folder.held(tmp_path)
    assert (found.whole, found.known, found.logs) == (True, 0, 0)
    with pytest.raises(LakeError):
        folder.held(tmp_path / "nowhere")


def test_a_lake_of_this_machine_is_known_as_one(sealed):
    assert isinstance(Lake(sealed), folder.Kept)
    assert not isinstance(object(), folder.Kept)
