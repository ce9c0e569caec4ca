"""The collector on the running kernel: tags, threads, members, possible agents, what it keeps and what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from collectors.bcc.collector import BccCollector
from collectors.identity import process_key_from_proc
from collectors.interface import CollectorError, Run


@pytest.fixture
def collector(bcc):
    return bcc()


def rows_of(collector, child, name):
    """Rows of a run until its child has ended."""
    batches = [b for b in collector.batches(lambda: child.poll() is not None) if b.num_rows]
    return [r for b in batches for r in b.to_pylist() if r["agent_run"] == name]


def go(child):
    child.stdin.write(b"go\n")
    child.stdin.close()


def start(*command, **options):
    return subprocess.Popen(["sh", "-c", 'read _ && exec "$@"', "sh", *command], stdin=subprocess.PIPE, **options)


def test_rows_are_those_of_the_run_only(collector):
    other = subprocess.Popen(["sh", "-c", "while :; do : </etc/passwd; done"])
    try:
        child = start("cat", "/etc/hostname", stdout=subprocess.DEVNULL)
        collector.tag(child.pid, collector.add_run(Run("mine", "test")))
        go(child)
        rows = rows_of(collector, child, "mine")
    finally:
        other.kill()
        other.wait()
    assert {r["pid"] for r in rows} == {child.pid}
    assert {r["source"] for r in rows} == {"bcc"}
    assert any(r["path"] == "/etc/hostname" for r in rows)
    assert not any(r["path"] == "/etc/passwd" for r in rows)
    assert [r["time_ns"] for r in rows] == sorted(r["time_ns"] for r in rows)


def test_children_inherit_the_run_and_are_told_with_the_keys_of_proc(collector):
    number = collector.add_run(Run("inherits", None))
    child = subprocess.Popen(["sh", "-c", "read _; sleep 30 & sleep 30 & read _"], stdin=subprocess.PIPE)
    try:
        assert collector.tagged(child.pid) == 0
        collector.tag(child.pid, number)
        child.stdin.write(b"go\n")
        child.stdin.flush()
        while len(kin := psutil.Process(child.pid).children()) < 2 or {p.name() for p in kin} != {"sleep"}:
            time.sleep(0.01)
        list(collector.batches(lambda: True))  # starts are put right as forks are drained
        pids = [child.pid, *(p.pid for p in kin)]
        assert {collector.tagged(p) for p in pids} == {number}
        assert sorted(collector.members(number)) == sorted((p, process_key_from_proc(p)) for p in pids)
        assert sorted(collector.programs(number).values())[-2:] == ["sleep", "sleep"]
        assert collector.tagged(os.getpid()) == 0
    finally:
        for process in psutil.Process(child.pid).children():
            process.kill()
        child.kill()
        child.wait()
    time.sleep(0.05)
    assert collector.members(number) == []


def test_a_process_that_is_gone_cannot_be_tagged(collector):
    with subprocess.Popen(["true"]) as child:
        pass
    with pytest.raises(CollectorError, match=f"process {child.pid} cannot be tagged"):
        collector.tag(child.pid, 1)
    assert collector.tagged(child.pid) == 0


def test_all_threads_of_a_running_process_are_followed_and_it_ends_with_the_last(collector, tmp_path):
    script = (
        "import threading, sys, os\n"
        f"os.chdir('{tmp_path}'); place = os.open('.', os.O_RDONLY)\n"
        "go = threading.Event()\n"
        "threads = [threading.Thread(target=lambda i=i: (go.wait(), open(str(i), 'x').close())) for i in range(3)]\n"
        "[t.start() for t in threads]\n"
        "print('up', flush=True); sys.stdin.readline(); go.set(); [t.join() for t in threads]\n"
        "open('last', 'x').close(); os.unlink('last', dir_fd=place)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"up\n"
    collector.tag(child.pid, collector.add_run(Run("threads", None)), running=True)
    go(child)
    rows = rows_of(collector, child, "threads")
    made = [r for r in rows if r["operation"] == "file.create"]
    assert {Path(r["path"]).name for r in made} == {"0", "1", "2", "last"}
    assert all("from_proc" in r["quality"] and Path(r["exe"]).name.startswith("python3") for r in made)
    assert all(r["cwd"] == str(tmp_path) == str(Path(r["path"]).parent) for r in made)
    assert [r["path"] for r in rows if r["operation"] == "file.delete"] == [f"{tmp_path}/last"], "a folder open before"
    assert [r["exit_code"] for r in rows if r["operation"] == "exit"] == [0]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("exit 7", (7, None)),
        ("kill -TERM $$", (None, 15)),
        ("kill -CHLD $$; exit 1", (1, None)),
        ("trap : TERM; kill -TERM $$; kill -KILL $$", (None, 9)),
        ("kill -ABRT $$", (None, 6)),
    ],
    ids=["status", "signal", "a signal that ends nothing", "after one that was handled", "with a core"],
)
def test_how_a_process_ended(collector, command, expected):
    child = start("sh", "-c", command)
    collector.tag(child.pid, collector.add_run(Run(command, None)))
    go(child)
    (row,) = [r for r in rows_of(collector, child, command) if r["operation"] == "exit"]
    assert (row.get("exit_code"), row.get("signal")) == expected


def test_possible_agents_are_the_execs_of_everybody_else(bcc):
    told = []
    watching = bcc(on_candidates=told.extend)
    child = subprocess.Popen(["sh", "-c", 'exec sleep 0.3 "$@"', "sh", "0.01"])
    key = process_key_from_proc(child.pid)
    assert sum(b.num_rows for b in watching.batches(lambda: child.poll() is not None)) == 0
    (found,) = [c for c in told if c.pid == child.pid and Path(c.exe).name == "sleep"]
    assert found.process_key == key
    assert found.argv == ["sleep", "0.3", "0.01"]
    assert watching.tagged(child.pid) == 0


def test_it_decides_nothing(collector):
    assert collector.kernel is None
    with pytest.raises(CollectorError, match="only tells"):
        collector.isolate(1)


def test_before_it_is_open_and_after_it_is_closed_there_are_no_maps():
    made = BccCollector()
    with pytest.raises(CollectorError, match="not open"):
        made.map("tags")
    made.close()
    made.close()


def test_texts_are_forgotten_and_told_anew(collector, monkeypatch, tmp_path):
    monkeypatch.setattr("collectors.kernel.collector._KEEP_STRINGS", 10)
    for i in range(30):
        (tmp_path / str(i)).touch()
    before = int(collector._settings["epoch"][0])
    for name in ("first", "second"):
        child = start("sh", "-c", f"cd {tmp_path}; for f in *; do : <$f; done")
        collector.tag(child.pid, collector.add_run(Run(name, None)))
        go(child)
        rows = rows_of(collector, child, name)
        assert {f"{tmp_path}/{i}" for i in range(30)} <= {r["path"] for r in rows}
        assert int(collector._settings["epoch"][0]) > before
        if collector._stale_strings:
            monkeypatch.setattr(collector, "_stale_strings", (collector._stale_strings[0], 0.0))
    assert len(collector.context.strings) < 400
