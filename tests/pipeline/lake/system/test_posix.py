from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.lake.system import posix


def test_all_buffers_are_written_also_when_the_system_takes_less(tmp_path, monkeypatch):
    fd = posix.opened(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    real = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, buffers: real(fd, [bytes(buffers[0])[:2]]))
    assert posix.write(fd, [b"abc", memoryview(b"defg")]) == 7
    assert posix.read_at(fd, 99, 1) == b"bcdefg"
    os.close(fd)
    assert posix.read_whole(tmp_path / "x") == b"abcdefg"
    with posix.mapped(tmp_path / "x") as content:
        assert content.to_pybytes() == b"abcdefg"


def test_a_lock_is_one_process_alone_and_ends_with_the_descriptor(tmp_path):
    other = f"import os, sys; from pipeline.lake.system import posix; sys.exit(not posix.try_lock(os.open({str(tmp_path / 'x')!r}, os.O_RDWR)))"

    def others_get_it():
        return subprocess.run([sys.executable, "-c", other], check=False).returncode == 0

    fd = posix.opened(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    posix.lock(fd)
    assert posix.try_lock(fd)
    assert not others_get_it()
    os.close(fd)
    assert others_get_it()


def test_names_are_replaced_removed_and_made_durable(tmp_path):
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    posix.replace(tmp_path / "a", tmp_path / "b")
    posix.sync_folder(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["b"]
    posix.remove(tmp_path / "b")
    with pytest.raises(FileNotFoundError):
        posix.remove(tmp_path / "b")


def test_a_pipe_is_readable_when_something_or_its_end_is_there():
    ours, theirs = os.pipe()
    room = memoryview(bytearray(8))
    assert not posix.readable(ours, 0.01)
    os.write(theirs, b"abc")
    assert posix.readable(ours, 0)
    assert (posix.read_into(ours, room), bytes(room[:3])) == (3, b"abc")
    os.close(theirs)
    assert posix.readable(ours, 0)
    assert posix.read_into(ours, room) == 0
    os.close(ours)


def test_no_child_inherits_a_descriptor(tmp_path):
    fd = posix.opened(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_folder_that_may_not_be_written_to(tmp_path):
    assert posix.may_write(tmp_path)
    assert not posix.may_write(tmp_path / "absent")


def test_a_thread_gives_way_alone():
    code = (
        "import os; from pipeline.lake.system import posix; posix.be_nice(); print(os.getpriority(os.PRIO_PROCESS, 0))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"10"
