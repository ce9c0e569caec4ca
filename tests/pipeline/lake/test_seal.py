from __future__ import annotations

import errno
import json
import os

import pyarrow as pa
import pytest

from pipeline.lake import commits, frames, layout, seal
from pipeline.lake.errors import LakeError
from pipeline.lake.wal import Wal

HEADER = {"host": "vm", "created_ns": 1_790_000_000_000_000_000, "schema": 1}


@pytest.fixture
def root(tmp_path):
    layout.prepare(tmp_path)
    return tmp_path


@pytest.fixture
def dead(root, rows):
    """A log of three frames whose writer is gone."""
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    for first in (0, 4, 8):
        wal.append("activity", rows(4, first))
    wal.close()
    return wal.path


def test_a_log_becomes_segments_and_a_record(root, dead, read_committed):
    [commit] = seal.recover(root)
    assert read_committed(root) == list(range(12))
    assert not dead.exists()
    assert commit == commits.read(root, "w-1")
    assert commit.rows == {"activity": 12}
    [sequence] = commit.sequences
    assert (sequence["first"], sequence["last"], sequence["rows"]) == (0, 11, 12)


def test_an_empty_log_just_goes(root):
    Wal.create(layout.wal_path(root, "w-1"), HEADER).close()
    assert seal.recover(root) == []
    assert layout.stems(root / "wal", "") == layout.stems(root / "commits", "") == []


def test_the_log_of_a_living_writer_is_not_touched(root, rows):
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    wal.append("activity", rows(3))
    before = wal.path.read_bytes()
    assert seal.recover(root) == []
    assert wal.path.read_bytes() == before
    wal.close()
    assert len(seal.recover(root)) == 1


def test_an_unfinished_log_is_cleared_away_unless_it_is_being_made(root):
    hidden = root / "wal" / "w-1.wal.new"
    hidden.write_bytes(b"half")
    alive = Wal(root / "wal" / "w-2.wal.new", os.open(root / "wal" / "w-2.wal.new", os.O_RDWR | os.O_CREAT), b"")
    seal.files.lock(alive.fd)
    seal.recover(root)
    assert [p.name for p in (root / "wal").iterdir()] == ["w-2.wal.new"]
    alive.close()


def test_a_torn_end_is_cut_kept_reported_and_counted(root, dead, read_committed, said):
    whole = dead.read_bytes()
    dead.write_bytes(whole[:-7])
    [commit] = seal.recover(root, said)
    assert read_committed(root) == list(range(8))
    [damage] = commit.damages
    assert (root / "damaged" / f"w-1@{damage['offset']}").read_bytes() == whole[damage["offset"] : -7]
    assert len(said) == 1
    assert "incomplete" in said[0]
    assert "4 rows" in said[0]
    assert commit.lost == ({"source": "lake", "class": None, "reason": "log_torn", "lost": 4},)


def test_a_flipped_bit_costs_one_frame_only(root, dead, read_committed, said):
    log = bytearray(dead.read_bytes())
    first = 64 + frames._HEAD.unpack_from(log, 0)[3]
    log[first + 64 + 100] ^= 4
    dead.write_bytes(log)
    [commit] = seal.recover(root, said)
    assert read_committed(root) == list(range(4, 12))
    assert commit.lost[0] | {"class": "-"} == {"source": "lake", "class": "-", "reason": "log_damaged", "lost": 4}
    assert "payload is damaged" in said[0]


def test_a_log_without_a_readable_header_is_sealed_all_the_same(root, dead, read_committed, said):
    log = bytearray(dead.read_bytes())
    log[64 + 3] ^= 1
    dead.write_bytes(log)
    seal.recover(root, said)
    assert read_committed(root) == list(range(12))


def test_rows_of_a_newer_version_stay_in_the_log(root, said):
    wal = Wal.create(layout.wal_path(root, "w-1"), HEADER)
    wal.append("activity", pa.table({"column_of_the_future": [1]}))
    wal.close()
    assert seal.recover(root, said) == []
    assert wal.path.exists()
    assert "with the version that wrote it" in said[0]


def test_a_committed_log_is_only_removed(root, dead, read_committed):
    log = dead.read_bytes()
    seal.recover(root)
    segments = {p: p.stat().st_mtime_ns for p in root.rglob("*.parquet")}
    dead.write_bytes(log)
    seal.recover(root)
    assert not dead.exists()
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*.parquet")} == segments
    assert read_committed(root) == list(range(12))


def test_a_committed_log_whose_segment_is_missing_is_sealed_again(root, dead, read_committed):
    log = dead.read_bytes()
    seal.recover(root)
    next(root.rglob("*.parquet")).unlink()
    dead.write_bytes(log)
    seal.recover(root)
    assert read_committed(root) == list(range(12))


def test_a_full_disk_leaves_the_log_for_the_next_time(root, dead, read_committed, said, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert seal.recover(root, said) == []
    assert "No space left" in said[0]
    assert "safe in the log" in said[0]
    assert dead.exists()
    seal.recover(root)
    assert read_committed(root) == list(range(12))


def test_sealing_the_log_of_another_lake_name_raises_one_line(root, dead, monkeypatch):
    monkeypatch.setattr(commits, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.EACCES, "Permission denied")))
    wal = Wal.adopt(dead)
    with pytest.raises(LakeError, match=r"^\S+: Permission denied while sealing w-1.wal"):
        seal.seal(root, wal)
    wal.close()


CRASH = """
import json, os, random, shutil, signal, sys, tempfile
from pathlib import Path
from conftest import activity, committed
from pipeline.lake import seal, writer
import pyarrow.parquet

CALLS = ("write", "writev", "fsync", "fdatasync", "rename", "replace", "unlink", "mkdir", "close")

def scenario(root, acked, kill_at=None, endless=False):
    count = 0
    def watched(call):
        def run(*arguments, **more):
            nonlocal count
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return call(*arguments, **more)
        return run
    tell = os.open(acked, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    raw_write = os.write
    for name in CALLS:
        setattr(os, name, watched(getattr(os, name)))
    lake = writer.LakeWriter(root, "vm")
    for i in range(10**6 if endless else 4):
        lake.append("activity", activity(5, i * 5))
        lake.sync()
        raw_write(tell, b"%d\\n" % (i * 5 + 5))
        if i % 3 == 1:
            lake._rotate() if endless else lake.seal()
    lake.close()
    return count

def in_child(work):
    pid = os.fork()
    if not pid:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
    return pid

def check(root, acked, what):
    os.waitpid(in_child(lambda: seal.recover(root)), 0)
    told = acked.read_text().split() if acked.exists() else []
    safe = int(told[-1]) if told else 0
    found = committed(root)
    left = sorted(p.name for p in (root / "wal").iterdir()) if (root / "wal").exists() else []
    if found != list(range(len(found))) or len(found) < safe or len(found) > safe + 5 or left:
        print(json.dumps({"at": what, "acked": safe, "found": found, "left": left}))

base = Path(sys.argv[1])
total_pipe = os.pipe()
pid = in_child(lambda: os.write(total_pipe[1], str(scenario(base / "clean", base / "clean.acked")).encode()))
os.waitpid(pid, 0)
total = int(os.read(total_pipe[0], 20))
for at in range(total + 1):
    root, acked = base / f"{at}", base / f"{at}.acked"
    os.waitpid(in_child(lambda: scenario(root, acked, at)), 0)
    check(root, acked, f"step {at}")
import time
rng = random.Random(4)
for n in range(12):
    root, acked = base / f"r{n}", base / f"r{n}.acked"
    pid = in_child(lambda: scenario(root, acked, endless=True))
    time.sleep(rng.uniform(0.02, 0.25))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    check(root, acked, f"random {n}")
print("steps", total)
"""


def test_a_kill_at_any_step_or_time_loses_nothing_and_doubles_nothing(tmp_path, run_python):
    done = run_python(CRASH, tmp_path)
    assert done.returncode == 0, done.stderr
    *faults, last = done.stdout.splitlines()
    assert faults == []
    assert int(last.split()[1]) > 30, "every system call that changes the lake was a place to die"
    for record in (tmp_path / "clean" / "commits").iterdir():
        assert json.loads(record.read_text())["damages"] == []
