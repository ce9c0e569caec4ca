from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.lake import frames
from pipeline.lake.errors import LakeError
from pipeline.lake.wal import Wal

HEADER = {"host": "vm", "created_ns": 1}


@pytest.fixture
def wal(tmp_path):
    log = Wal.create(tmp_path / "w-1.wal", HEADER)
    yield log
    log.close()


def scan(path):
    return frames.scan(pa.py_buffer(path.read_bytes()), verify_chain=True)


def names(folder):
    return [p.name for p in folder.iterdir()]


def test_frames_arrive_in_order_and_chained(wal, rows):
    wal.append("activity", rows(2))
    wal.append("runs", pa.table({"run": ["r"]}))
    wal.sync()
    result = scan(wal.path)
    assert [(f.table, f.rows) for f in result.frames] == [("activity", 2), ("runs", 1)]
    assert result.header == HEADER
    assert (result.damages, result.chain) == ([], wal.chain)
    assert wal.size == wal.path.stat().st_size


def test_a_log_has_its_name_only_when_it_is_whole_and_locked(tmp_path, monkeypatch):
    seen = []
    rename = os.replace

    def look(old, new):
        seen.append((names(tmp_path), scan(tmp_path / "w-1.wal.new").header))
        rename(old, new)

    monkeypatch.setattr(os, "replace", look)
    Wal.create(tmp_path / "w-1.wal", HEADER).close()
    assert seen == [(["w-1.wal.new"], HEADER)]
    assert names(tmp_path) == ["w-1.wal"]


def test_a_failed_start_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", refuse(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        Wal.create(tmp_path / "w-1.wal", HEADER)
    assert names(tmp_path) == []


def test_only_a_log_without_a_writer_is_adopted(wal):
    assert Wal.adopt(wal.path) is None
    wal.close()
    taken = Wal.adopt(wal.path)
    assert taken is not None
    assert Wal.adopt(wal.path) is None
    taken.remove()
    assert Wal.adopt(wal.path) is None


def test_a_log_removed_while_it_is_adopted_is_left_alone(wal, monkeypatch):
    path = wal.path
    opened = os.open

    def seal_meanwhile(name, *arguments, **more):
        fd = opened(name, *arguments, **more)
        if name == path and path.exists():
            wal.remove()
        return fd

    monkeypatch.setattr(os, "open", seal_meanwhile)
    assert Wal.adopt(path) is None


def refuse(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("written", [0, 10, 100])
def test_a_full_disk_takes_back_half_a_frame(wal, rows, monkeypatch, written):
    wal.append("activity", rows(2))
    writev = os.writev

    def full(fd, buffers):
        return writev(fd, [memoryview(b"".join(map(bytes, buffers)))[:written]])

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        patch.setattr(os, "write", refuse(errno.ENOSPC))
        with pytest.raises(LakeError, match=r"No space left.*free some space"):
            wal.append("activity", rows(2, 2))
    wal.append("activity", rows(2, 4))
    result = scan(wal.path)
    assert [f.read()["seq"].to_pylist() for f in result.frames] == [[0, 1], [4, 5]]
    assert result.damages == []


def test_a_short_write_is_finished(wal, rows, monkeypatch):
    writev = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, b: writev(fd, [memoryview(b"".join(map(bytes, b)))[:70]]))
    wal.append("activity", rows(3))
    assert [f.rows for f in scan(wal.path).frames] == [3]


def test_after_a_failed_fdatasync_the_log_is_never_called_durable_again(wal, rows, monkeypatch):
    wal.append("activity", rows(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse(errno.EIO))
        with pytest.raises(LakeError):
            wal.sync()
    for again in (wal.sync, lambda: wal.append("activity", rows(1))):
        with pytest.raises(LakeError, match="making the log durable"):
            again()


def test_a_removed_log_that_a_feed_still_links_is_not_adopted(wal, monkeypatch):
    """Between open and lock its owner may remove it; the link keeps the inode alive."""
    path = wal.path
    os.link(path, path.with_name("link"))
    real = os.open

    def late(*arguments, **options):
        fd = real(*arguments, **options)
        if Path(arguments[0]) == path and path.exists():
            path.unlink()
            wal.close()
        return fd

    monkeypatch.setattr(os, "open", late)
    assert Wal.adopt(path) is None


def test_a_new_log_that_recovery_took_for_a_leftover_is_made_again(tmp_path, monkeypatch):
    path, times = tmp_path / "w-1.wal", []
    real = fcntl.flock

    def late(fd, how):
        if not times:
            times.append((tmp_path / "w-1.wal.new").unlink())
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", late)
    made = Wal.create(path, HEADER)
    assert os.path.samestat(path.stat(), os.fstat(made.fd))
    made.close()
