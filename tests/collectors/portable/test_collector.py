"""The collector as a run has it: real files, real processes, and what is known of both."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from collectors.identity import process_key_from_proc
from collectors.interface import CollectorError, Run
from collectors.portable.collector import PortableCollector
from collectors.portable.source import PORTABLE


def test_files_processes_and_connections_of_a_run(rows, collector, tmp_path, script):
    text = (
        "import socket, time; input(); s = socket.create_server(('127.0.0.1', 0)); f = open('held', 'w'); f.write('x');"
        "f.flush(); time.sleep(1.5)"
    )
    child = script(text, cwd=tmp_path)

    def act(number):
        collector.tag(child.pid, number)
        child.stdin.write("\n")
        child.stdin.flush()
        child.wait()

    found = rows(tmp_path, act)
    key = process_key_from_proc(child.pid) if child.poll() is None else None
    (held,) = [r for r in found if r.get("path") == str(tmp_path / "held")]
    (listening,) = [r for r in found if r["operation"] == "net.listen"]
    (ended,) = [r for r in found if r["operation"] == "exit"]
    assert key is None
    assert held["operation"] == "file.create"
    assert {held["pid"], listening["pid"], ended["pid"]} == {child.pid}
    assert held["quality"] == "from_proc,inferred"
    assert {r["source"] for r in found} == {"portable"}
    assert {r["agent_run"] for r in found} == {"run"}
    assert {r["operation"] for r in found} <= PORTABLE.operations


def test_hostile_names_are_rows_as_they_are(rows, tmp_path):
    names = [b"new\nline", b"\xff\xfe", b" ", b"\x1b[31m", "é".encode(), b"n" * 255]

    def act(_):
        for name in names:
            with open(os.path.join(os.fsencode(tmp_path), name), "w"):
                pass

    found = [r["path"] for r in rows(tmp_path, act) if r["operation"] == "file.create"]
    assert sorted(found) == sorted(f"{tmp_path}/{name.decode('utf-8', 'backslashreplace')}" for name in names)


def test_every_file_of_a_folder_of_ten_thousand_is_one_row_or_counted(rows, collector, tmp_path):
    def act(_):
        for n in range(10_000):
            (tmp_path / str(n)).touch()

    found = rows(tmp_path, act, after=1.0)
    made = [r for r in found if r["operation"] == "file.create"]
    health = [r for r in collector.health().to_pylist() if r["class"] == "file"]
    lost = sum(r["lost"] or 0 for r in health)
    if not any(r["reason"] == "inotify_overflow" for r in health):
        assert len(made) + lost == 10_000
    assert [r["emitted"] for r in health if r["reason"] == "none"] == [len(found) + lost]
    assert sorted(r["seq"] for r in found) == list(range(len(found)))


def test_an_event_is_a_row_within_a_second(collector, tmp_path):
    """Also a move out of the workspace, whose other half is waited for."""
    number = collector.add_run(Run("run", None))
    collector.heed(number, [tmp_path / "work"])
    (tmp_path / "work").mkdir()
    collector._places.renew()
    (tmp_path / "work" / "old").touch()
    came, begun = {}, time.monotonic()
    os.rename(tmp_path / "work" / "old", tmp_path / "old")
    (tmp_path / "work" / "new").touch()
    for batch in collector.batches(lambda: time.monotonic() > begun + 2):
        for row in batch.to_pylist():
            came.setdefault((row["operation"], os.path.basename(row["path"])), time.monotonic() - begun)
    assert came["file.create", "new"] < 1
    assert came["file.delete", "old"] < 1


def test_what_happened_before_the_end_is_told(collector, tmp_path):
    number = collector.add_run(Run("run", None))
    collector.heed(number, [tmp_path])
    (tmp_path / "last").touch()
    found = [r["path"] for batch in collector.batches(lambda: True) for r in batch.to_pylist()]
    assert found == [str(tmp_path / "last")]


def test_who_makes_events_for_ever_does_not_keep_it_from_its_end(collector, tmp_path, script):
    number = collector.add_run(Run("run", None))
    collector.heed(number, [tmp_path])
    script("import itertools\nfor n in itertools.count(): open(str(n % 50), 'w').close()", cwd=tmp_path)
    time.sleep(0.3)
    begun = time.monotonic()
    assert sum(batch.num_rows for batch in collector.batches(lambda: True))
    assert time.monotonic() - begun < 5


def test_a_caller_is_called_ten_times_a_second_when_nothing_happens(collector):
    begun = time.monotonic()
    beats = sum(1 for _ in collector.batches(lambda: time.monotonic() > begun + 1))
    assert beats >= 7


def test_members_and_their_programs(collector, script):
    child = script("input()")
    number = collector.add_run(Run("run", None))
    collector.tag(child.pid, number)
    assert collector.tagged(child.pid) == number
    assert collector.members(number) == [(child.pid, process_key_from_proc(child.pid))]
    assert child.pid in collector.programs(number)
    collector.end_run(number)
    assert collector.members(number) == []


def test_it_cuts_no_network_and_says_so(collector):
    with pytest.raises(CollectorError, match="cannot cut"):
        collector.isolate(1)
    assert not collector.isolated(1)


def test_without_a_free_instance_it_is_refused_in_one_line():
    code = (
        "from pathlib import Path; Path('/proc/sys/user/max_inotify_instances').write_text('0')\n"
        "from collectors.portable.collector import PortableCollector\nPortableCollector().open()"
    )
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in ended.stderr or "max_inotify_instances" in ended.stderr:
        pytest.skip("this system permits no user namespace with limits of its own")
    assert "CollectorError: files cannot be watched" in ended.stderr
    assert "max_user_instances" in ended.stderr


def test_closing_twice_is_safe_and_leaves_no_thread():
    collector = PortableCollector()
    collector.open()
    collector.close()
    collector.close()
    with pytest.raises(CollectorError, match="not open"):
        collector.heed(1, [])
