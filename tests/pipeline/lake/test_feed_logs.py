from __future__ import annotations

import errno
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import schema
from pipeline.lake import feed_logs, layout
from pipeline.lake.errors import LakeError
from pipeline.lake.feed_state import LOG, Place
from pipeline.lake.wal import Wal

HEADER = {"host": "vm", "created_ns": 1, "previous": "ab"}

START = Place(LOG)


def refuse(what, rows):
    raise AssertionError(what)


@pytest.fixture
def wal(tmp_path, rows):
    layout.prepare(tmp_path)
    (tmp_path / "feed").mkdir()
    made = Wal.create(layout.wal_path(tmp_path, "w-1"), HEADER)
    for first in (0, 10, 20):
        made.append("activity", rows(10, first))
    yield made
    made.close()


def read(path, place=START, tables=("activity",), max_rows=1000, trouble=refuse):
    return list(feed_logs.parts(path, place, tables, max_rows, trouble))


def seqs(parts):
    return [s for _, rows, _ in parts if rows is not None for s in rows["seq"].to_pylist()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the log is only read
@given(size=st.integers(1, 35), stop=st.integers(0, 100))
def test_reading_goes_on_exactly_where_it_stopped(wal, size, stop):
    parts = read(wal.path, max_rows=size)
    assert seqs(parts) == list(range(30))
    place = parts[min(stop, len(parts) - 1)][2]
    assert seqs(parts[: stop + 1]) + seqs(read(wal.path, place, max_rows=size)) == list(range(30))
    assert [p for _, _, p in parts] == sorted(p for _, _, p in parts)


def test_frames_of_other_tables_are_only_progress(wal):
    parts = read(wal.path, tables=("coverage",))
    assert {rows for _, rows, _ in parts} == {None}
    assert parts[-1][2] == feed_logs.end(wal.path) == Place(LOG, wal.size)


def test_a_damaged_payload_costs_its_frame_and_a_damaged_head_the_rest(wal):
    said = []
    data = bytearray(wal.path.read_bytes())
    second = read(wal.path)[2][2].part
    for place, left, rows in ((second + 100, [*range(10), *range(20, 30)], 10), (second + 5, list(range(10)), None)):
        harmed = data.copy()
        harmed[place] ^= 1
        wal.path.write_bytes(harmed)
        assert seqs(read(wal.path, trouble=lambda *a: said.append(a))) == left
        assert said[-1][1] == rows
        assert str(wal.path) in said[-1][0]
    assert len(said) == 2


def test_a_column_of_a_newer_version_is_told_and_not_dropped(wal, monkeypatch):
    said = []
    monkeypatch.setitem(schema.TABLES, "activity", tuple(c for c in schema.ACTIVITY if c.name != "path"))
    assert seqs(read(wal.path, trouble=lambda *a: said.append(a))) == []
    assert len(said) == 3
    assert "knows no column activity.path" in said[0][0]


def test_a_link_keeps_a_log_and_a_log_that_is_gone_has_none(wal, tmp_path):
    assert feed_logs.link(tmp_path, tmp_path / "feed", "w-1") is True
    assert feed_logs.link(tmp_path, tmp_path / "feed", "w-1") is True
    wal.remove()
    assert seqs(read(feed_logs.kept(tmp_path / "feed", "w-1"))) == list(range(30))
    assert feed_logs.link(tmp_path, tmp_path / "feed", "w-2") is False


@pytest.mark.parametrize(("number", "expected"), [(errno.EPERM, None), (errno.EXDEV, None), (errno.ENOSPC, LakeError)])
def test_where_links_fail(wal, tmp_path, monkeypatch, number, expected):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", fail)
    if expected is None:
        assert feed_logs.link(tmp_path, tmp_path / "feed", "w-1") is None
    else:
        with pytest.raises(expected, match="free some space"):
            feed_logs.link(tmp_path, tmp_path / "feed", "w-1")


def test_the_chain_before_stands_in_the_header(wal, tmp_path):
    assert feed_logs.previous(wal.path) == "ab"
    (tmp_path / "empty").write_bytes(b"")
    assert feed_logs.previous(tmp_path / "empty") is None
