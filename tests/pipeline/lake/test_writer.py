from __future__ import annotations

import errno
import json
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.lake import frames, snapshot, writer
from pipeline.lake.errors import LakeError
from pipeline.lake.writer import LakeWriter


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lake(tmp_path, clock, said):
    with LakeWriter(tmp_path / "lake", "vm", clock=clock, report=said) as opened:
        yield opened


def in_log(lake):
    return [
        s
        for p in sorted((lake.root / "wal").glob("*.wal"))
        for f in frames.scan(pa.py_buffer(p.read_bytes()), verify_chain=True).frames
        for s in f.read()["seq"].to_pylist()
    ]


def tables_in_log(lake):
    (log,) = (lake.root / "wal").glob("*.wal")
    return [frame.table for frame in frames.scan(pa.py_buffer(log.read_bytes()), verify_chain=True).frames]


def test_rows_are_durable_after_half_a_second_of_ticks(lake, rows, clock, monkeypatch):
    synced = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (fdatasync(fd), synced.append(in_log(lake))))
    lake.append("activity", rows(3))
    lake.tick()
    assert in_log(lake) == []
    clock.now += writer.MAX_HELD_S
    lake.append("activity", rows(2, 3))
    lake.tick()
    assert synced == [[0, 1, 2, 3, 4]]
    clock.now += 10
    lake.tick()
    assert len(synced) == 1, "an idle writer leaves the disk alone"


def test_rows_are_durable_after_ten_thousand(lake, rows, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    for i in range(9):
        lake.append("activity", rows(1111, i * 1111))
    assert synced == []
    lake.append("activity", rows(1, 9999))
    assert len(synced) == 1
    assert in_log(lake) == list(range(10_000))


def test_small_batches_share_a_frame(lake, rows, dictionary):
    for i in range(20):
        more = {"verdict": dictionary(["deny"])} if i % 2 else {}
        lake.append("activity", rows(1, i, **more))
    lake.append("runs", pa.table({"run": ["r"]}))
    lake.sync()
    [path] = (lake.root / "wal").glob("*.wal")
    found = frames.scan(pa.py_buffer(path.read_bytes()), verify_chain=True).frames
    assert [(f.table, f.rows) for f in found] == [("activity", 20), ("runs", 1)]
    assert found[0].read()["verdict"].to_pylist() == [None, "deny"] * 10


def test_an_idle_writer_makes_no_log(lake, clock):
    for _ in range(5):
        clock.now += 1000
        lake.tick()
    lake.sync()
    lake.seal()
    assert list((lake.root / "wal").iterdir()) == []


def test_an_old_or_large_log_is_sealed_in_the_background(lake, rows, clock, read_committed, monkeypatch):
    lake.append("activity", rows(3))
    lake.sync()
    clock.now += writer.SEAL_AGE_S
    lake.tick()
    lake._wait()
    assert read_committed(lake.root) == [0, 1, 2]
    monkeypatch.setattr(writer, "SEAL_BYTES", 1000)
    lake.append("activity", rows(3, 3))
    lake.sync()
    lake._wait()
    assert read_committed(lake.root) == list(range(6))


def test_close_seals_everything_and_is_safe_twice(tmp_path, rows, read_committed):
    lake = LakeWriter(tmp_path, "vm")
    lake.append("activity", rows(7))
    lake.close()
    lake.close()
    assert read_committed(tmp_path) == list(range(7))
    assert list((tmp_path / "wal").iterdir()) == []
    with pytest.raises(LakeError, match="closed"):
        lake.append("activity", rows(1))


def test_the_logs_of_one_writer_form_a_chain(lake, rows):
    for i in range(3):
        lake.append("activity", rows(2, i))
        lake.seal()
    records = [json.loads(p.read_text()) for p in sorted((lake.root / "commits").iterdir())]
    assert [r["header"]["number"] for r in records] == [1, 2, 3]
    assert [r["header"]["previous"] for r in records[1:]] == [r["chain"] for r in records[:-1]]


def test_refuses_what_the_schema_does_not_know_and_takes_nothing(lake):
    with pytest.raises(KeyError, match="no column"):
        lake.append("activity", pa.table({"nonsense": [1]}))
    with pytest.raises(TypeError):
        lake.append("activity", pa.table({"pid": ["x"]}))
    with pytest.raises(KeyError):
        lake.append("nothing", pa.table({"pid": [1]}))
    lake.append("activity", pa.table({"path": pa.array([], pa.string())}))
    lake.sync()
    assert list((lake.root / "wal").iterdir()) == []


def test_writers_on_one_lake_leave_each_other_alone(tmp_path, rows, read_committed):
    with LakeWriter(tmp_path, "vm") as one:
        one.append("activity", rows(5))
        one.sync()
        with LakeWriter(tmp_path, "vm") as two:
            two.append("activity", rows(5, 5))
        assert read_committed(tmp_path) == list(range(5, 10)), "the living log is still a log"
        one.append("activity", rows(5, 10))
    assert read_committed(tmp_path) == list(range(15))


def test_a_new_writer_seals_what_a_killed_one_left(tmp_path, read_committed, run_python):
    done = run_python(KILLED, tmp_path)
    assert done.returncode == -9
    assert read_committed(tmp_path) == []
    LakeWriter(tmp_path, "vm").close()
    assert read_committed(tmp_path) == list(range(5))


KILLED = """
import os, sys
from conftest import activity
from pipeline.lake.writer import LakeWriter
lake = LakeWriter(sys.argv[1], "vm")
lake.append("activity", activity(5))
lake.sync()
lake.append("activity", activity(5, 5))
os.kill(os.getpid(), 9)
"""


def test_a_full_disk_raises_and_the_rows_are_written_when_there_is_room(lake, rows, monkeypatch):
    lake.append("activity", rows(3))
    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(LakeError, match="free some space"):
            lake.sync()
        lake.append("activity", rows(3, 3))
    lake.sync()
    assert in_log(lake) == list(range(6))


def test_a_backlog_is_bounded(lake, rows, monkeypatch):
    monkeypatch.setattr(writer, "MAX_BACKLOG", 5)
    monkeypatch.setattr(
        os, "writev", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
    )
    lake.append("activity", rows(5))
    with pytest.raises(LakeError):
        lake.append("activity", rows(5, 5))
    monkeypatch.undo()
    lake.sync()
    assert in_log(lake) == list(range(5))


def test_a_really_full_disk(tmp_path, run_python):
    """On a file system of two megabytes: an error of one line, and every confirmed row is there."""
    done = run_python(FULL, tmp_path)
    if done.returncode == 77:
        pytest.skip("mounting a small file system needs root")
    assert done.returncode == 0, done.stderr
    error, confirmed, found = done.stdout.splitlines()
    assert "No space left on device" in error
    assert "--lake" in error
    assert int(found) >= int(confirmed) > 0


FULL = """
import os, subprocess, sys
if "inside" not in sys.argv:
    code = sys.orig_argv[sys.orig_argv.index("-c") + 1]
    mount = 'mount -t tmpfs -o size=2m none "$1" || exit 77; exec "$2" -c "$3" "$1" inside'
    status = subprocess.run(["unshare", "-m", "sh", "-c", mount, "sh", sys.argv[1], sys.executable, code]).returncode
    sys.exit(77 if status in (1, 77) else status)
from pathlib import Path
from conftest import activity
from pipeline.lake import snapshot
from pipeline.lake.errors import LakeError
from pipeline.lake.writer import LakeWriter
root, confirmed = Path(sys.argv[1]), 0
lake = LakeWriter(root, "vm", report=lambda text: None)
try:
    while True:
        lake.append("activity", activity(2000, confirmed))
        lake.sync()
        confirmed += 2000
except LakeError as error:
    print(error)
print(confirmed)
taken = snapshot.take(root, ["activity"])
assert taken.damages == []
print(sum(t.num_rows for t in taken.live["activity"]))
os._exit(0)
"""


def test_an_unwritable_lake_is_said_at_once(run_python):
    script = """
import os, tempfile
from pathlib import Path
from pipeline.lake.errors import LakeError
from pipeline.lake.writer import LakeWriter
with tempfile.TemporaryDirectory() as folder:
    LakeWriter(folder, "vm").close()
    Path(folder).chmod(0o755)
    (Path(folder) / "wal").chmod(0o500)
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        LakeWriter(folder, "vm")
    except LakeError as error:
        print(error)
    os.seteuid(os.getuid())
"""
    done = run_python(script)
    assert "Permission denied while opening the lake for writing: run as a user who may" in done.stdout, done.stderr


def test_a_file_in_the_way_is_said_at_once(tmp_path):
    (tmp_path / "lake").write_text("")
    with pytest.raises(LakeError, match=r"lake: Not a directory|File exists"):
        LakeWriter(tmp_path / "lake", "vm")


def test_failed_sealing_is_reported_and_nothing_is_lost(tmp_path, rows, said, read_committed):
    lake = LakeWriter(tmp_path, "vm", report=said)
    lake.append("activity", rows(4))
    lake.sync()
    (tmp_path / "activity").rmdir()
    (tmp_path / "activity").write_text("in the way")
    with pytest.raises(LakeError, match="sealing"):
        lake.seal()
    lake.close()
    assert said
    assert "safe in the log" in said[0]
    (tmp_path / "activity").unlink()
    LakeWriter(tmp_path, "vm").close()
    assert read_committed(tmp_path) == list(range(4))


def test_a_writer_at_rest_is_light(tmp_path, run_python):
    script = """
import sys
from conftest import activity
sys.modules.pop("pyarrow.parquet", None)
from pipeline.lake.writer import LakeWriter
lake = LakeWriter(sys.argv[1], "vm")
lake.append("activity", activity(10))
lake.sync()
print([m for m in ("duckdb", "pyarrow.parquet", "pyarrow.dataset") if m in sys.modules])
lake.close()
print("duckdb" in sys.modules)
"""
    done = run_python(script, tmp_path)
    assert done.stdout.splitlines() == ["[]", "False"], done.stderr


def test_a_row_is_seen_long_before_two_seconds(tmp_path, rows):
    with LakeWriter(tmp_path, "vm") as lake:
        lake.append("activity", rows(1))
        begin = time.monotonic()
        while not snapshot.take(tmp_path, ["activity"]).live:
            assert time.monotonic() - begin < 2
            lake.tick()
            time.sleep(0.05)


def test_rows_that_were_handed_over_are_in_the_log_at_once_and_durable_a_little_later(lake, rows, clock, monkeypatch):
    synced = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (fdatasync(fd), synced.append(in_log(lake))))
    lake.append("activity", rows(3))
    lake.flush("activity")
    assert in_log(lake) == [0, 1, 2]
    assert synced == []
    clock.now += writer.MAX_HELD_S
    lake.tick()
    assert synced == [[0, 1, 2]]
    clock.now += 10
    lake.tick()
    lake.sync()
    assert len(synced) == 1, "nothing is made durable twice"


def test_rows_of_other_tables_wait_for_their_time(lake, rows):
    lake.append("activity", rows(3))
    lake.append("actions", pa.table({"id": ["a"], "phase": ["intent"]}))
    lake.flush("actions")
    assert tables_in_log(lake) == ["actions"]
    lake.flush("requests")
    lake.flush("actions")
    assert tables_in_log(lake) == ["actions"]
    lake.sync()
    assert tables_in_log(lake) == ["actions", "activity"]


def test_handed_over_rows_are_durable_with_the_next_sync_and_before_a_log_is_sealed(lake, rows, clock, monkeypatch):
    synced = []
    fdatasync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (fdatasync(fd), synced.append(in_log(lake))))
    lake.append("activity", rows(3))
    lake.flush("activity")
    lake.sync()
    assert synced == [[0, 1, 2]]
    lake.append("activity", rows(2, 3))
    lake.flush("activity")
    clock.now += writer.SEAL_AGE_S
    monkeypatch.setattr(writer, "MAX_HELD_S", 10 * writer.SEAL_AGE_S)
    lake.tick()
    assert synced[1] == [0, 1, 2, 3, 4]


def test_rows_that_were_handed_over_outlive_a_kill(tmp_path, rows):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        doomed = LakeWriter(tmp_path / "lake", "vm")
        doomed.append("activity", rows(3))
        doomed.flush("activity")
        os.write(write, b"x")
        os.kill(os.getpid(), 9)
    os.close(write)
    assert os.read(read, 1) == b"x"
    os.waitpid(pid, 0)
    os.close(read)
    with LakeWriter(tmp_path / "lake", "vm"):
        pass
    parts = sorted((tmp_path / "lake" / "activity").rglob("*.parquet"))
    assert [s for part in parts for s in pq.ParquetFile(part).read()["seq"].to_pylist()] == [0, 1, 2]


def test_rows_are_seen_once_they_are_taken_in_and_refused_ones_are_not(tmp_path, rows):
    seen = []
    with LakeWriter(tmp_path / "lake", "vm", seen=lambda table, part: seen.append((table, part))) as opened:
        opened.append("activity", rows(3))
        opened.append("activity", rows(0))
        with pytest.raises(KeyError):
            opened.append("nothing", rows(1))
    ((table, part),) = seen
    assert (table, part["seq"].to_pylist()) == ("activity", [0, 1, 2])


def test_state_tells_what_is_written_what_waits_and_since_when(lake, rows, clock):
    assert lake.state() == (0, None, None, 0)
    lake.append("activity", rows(3))
    clock.now += 0.25
    assert lake.state() == (0, None, 100.0, 0)
    lake.flush("activity")
    written = lake.state().written
    assert written > 0
    assert lake.state() == (written, None, 100.0, 0)
    lake.sync()
    assert lake.state() == (written, 100.25, None, 0)
    (log,) = (lake.root / "wal").glob("*.wal")
    header = log.stat().st_size - written
    lake.append("activity", rows(5))
    lake.sync()
    assert lake.state().written == log.stat().st_size - header > written
    lake.seal()
    assert lake.state()[1:] == (100.25, None, 0)
