from __future__ import annotations

import stat
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lake import layout
from pipeline.lake.errors import LakeError


@given(st.text())
def test_a_host_never_leaves_its_folder(host):
    path = PurePosixPath(layout.segment_path("activity", "2026-01-01", host, "w-1"))
    assert len(path.parts) == 4
    assert ".." not in path.parts
    assert path.parts[2].startswith("host=")
    assert len(path.parts[2].encode()) < 250


@given(st.lists(st.text(max_size=300), unique=True, max_size=5))
def test_hosts_have_folders_of_their_own(hosts):
    assert len({layout.host_folder(h) for h in hosts}) == len(hosts)


def test_prepare_makes_folders_that_only_the_owner_may_enter(tmp_path):
    layout.prepare(tmp_path / "a" / "lake")
    for name in layout.READABLE:
        assert stat.S_IMODE((tmp_path / "a" / "lake" / name).stat().st_mode) == 0o700
    layout.prepare(tmp_path / "a" / "lake")


def test_prepare_says_what_is_in_the_way(tmp_path):
    (tmp_path / "lake").write_text("")
    with pytest.raises(LakeError, match=r"lake.*--lake"):
        layout.prepare(tmp_path / "lake")


def test_only_a_lake_or_an_empty_folder_is_readable(tmp_path):
    layout.check_readable(tmp_path)
    (tmp_path / "photo.jpg").write_text("")
    with pytest.raises(LakeError, match="no lake"):
        layout.check_readable(tmp_path)
    (tmp_path / "commits").mkdir()
    layout.check_readable(tmp_path)
    with pytest.raises(LakeError, match=r"No such file.*--lake"):
        layout.check_readable(tmp_path / "none")


def test_a_file_written_whole_is_private_and_leaves_nothing_beside_it(tmp_path):
    layout.write_whole(tmp_path / "x.json", [b"a", b"b"])
    assert (tmp_path / "x.json").read_bytes() == b"ab"
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o600


def test_stems_are_sorted_and_of_one_kind(tmp_path):
    for name in ("b-1.wal", "a-2.wal", "a-1.wal.new", "x.json"):
        (tmp_path / name).write_text("")
    assert layout.stems(tmp_path, ".wal") == ["a-2", "b-1"]
    assert layout.stems(tmp_path / "none", ".wal") == []
