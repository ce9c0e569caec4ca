"""Agents are found before and after the watch begins, and what they have forked already is theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from collectors.ebpf.collector import OBJECT
from lictor import watching
from pipeline.lake.reader import Lake

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(os.geteuid() != 0, reason="loading eBPF programs needs root"),
    pytest.mark.skipif(not OBJECT.exists(), reason="the kernel sensor is not built (make sensor)"),
]


@pytest.fixture
def agent(tmp_path):
    """A program that is called like an agent: a shell under the name of Codex."""
    program = tmp_path / "codex"
    shutil.copy("/bin/bash", program)
    return program


@pytest.fixture
def watcher(tmp_path):
    watcher = watching.Watcher(watching.Options([], tmp_path / "lake"))
    with watcher.open():
        yield watcher
        watcher.end_all()


def serve_until(watcher: watching.Watcher, condition, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    watcher.service.serve(lambda: bool(condition()) or time.monotonic() > deadline, watcher.look)
    assert condition()


def test_agent_that_starts_is_found_and_its_end_is_seen(watcher, agent, tmp_path):
    child = subprocess.Popen([agent, "-c", "sleep 0.3; cat /etc/hostname >/dev/null; exit 4"])
    serve_until(watcher, lambda: watcher.service.runs)
    (live,) = watcher.service.runs.values()
    assert (live.agent, live.root_pid) == ("codex", child.pid)
    serve_until(watcher, lambda: child.poll() is not None and not watcher.service.runs)
    watcher.service.writer.sync()
    lake = Lake(tmp_path / "lake")
    ended = lake.query("SELECT exit_code, events FROM run_log WHERE state = 'ended'").to_pylist()
    assert ended[0]["exit_code"] == child.returncode == 4
    reads = lake.query(f"SELECT exe FROM activity WHERE path = '/etc/hostname' AND agent_run = '{live.id}'").to_pylist()
    assert [r["exe"] for r in reads] == [os.path.realpath("/bin/cat")]


def test_agent_is_found_without_the_sensor_too(agent, tmp_path):
    watcher = watching.Watcher(watching.Options([], tmp_path / "lake", source="portable"))
    (tmp_path / "work").mkdir()
    with watcher.open():
        child = subprocess.Popen([agent, "-c", "sleep 1; echo x > made; sleep 0.5"], cwd=tmp_path / "work")
        serve_until(watcher, lambda: watcher.service.runs)
        (live,) = watcher.service.runs.values()
        assert (live.agent, live.root_pid, live.source) == ("codex", child.pid, "portable")
        serve_until(watcher, lambda: child.poll() is not None and not watcher.service.runs)
    rows = (
        Lake(tmp_path / "lake")
        .query("SELECT operation, path, agent_run FROM activity WHERE path IS NOT NULL")
        .to_pylist()
    )
    assert ("file.create", str(tmp_path / "work" / "made"), live.id) in {tuple(row.values()) for row in rows}
    assert {row["agent_run"] for row in rows} == {live.id}


def test_agent_that_runs_already_is_found_with_its_children(watcher, agent):
    child = subprocess.Popen([agent, "-c", "sleep 30 & sleep 31 & wait"])
    try:
        while len(psutil.Process(child.pid).children(recursive=True)) < 2:
            time.sleep(0.01)
        # The watch has seen the exec too; begin from the process table as at its start.
        watcher.find_running()
        (live,) = watcher.service.runs.values()
        everybody = [child.pid, *(c.pid for c in psutil.Process(child.pid).children(recursive=True))]
        assert {watcher.service.collector.tagged(pid) for pid in everybody} == {live.number}
        assert sorted(p for p, _ in watcher.service.survivors(live.number)) == sorted(everybody)
    finally:
        for process in psutil.Process(child.pid).children(recursive=True):
            process.kill()
        child.kill()
        child.wait()


def test_rows_of_a_found_process_say_where_its_program_is_known_from(watcher, agent, tmp_path):
    child = subprocess.Popen([agent, "-c", "read _; : </etc/hostname"], stdin=subprocess.PIPE)
    while psutil.Process(child.pid).exe() != str(agent):
        time.sleep(0.01)
    watcher.find_running()
    child.communicate(b"go\n")
    serve_until(watcher, lambda: not watcher.service.runs)
    watcher.service.writer.sync()
    rows = Lake(tmp_path / "lake").query("SELECT exe, quality FROM activity WHERE path = '/etc/hostname'").to_pylist()
    assert rows == [{"exe": str(agent), "quality": "from_proc"}]


def test_what_is_no_agent_is_left_alone(watcher):
    subprocess.run(["true"], check=True)
    child = subprocess.Popen(["sleep", "0.2"])
    serve_until(watcher, lambda: child.poll() is not None)
    assert not watcher.service.runs


def test_a_process_whose_pid_is_another_one_by_now_is_not_taken(watcher, agent):
    child = subprocess.Popen([agent, "-c", "sleep 5"])
    try:
        watcher.consider([watching.Candidate(child.pid, 12345, str(agent), [str(agent)])])
        assert not watcher.service.runs
    finally:
        child.kill()
        child.wait()


def test_context_is_that_of_the_process(agent, tmp_path):
    child = subprocess.Popen(
        [agent, "-c", "read _"], cwd=tmp_path, env={"HOME": "/nowhere", "MARK": "1"}, stdin=subprocess.PIPE
    )
    try:
        # The kernel shows the program of an exec a moment before its environment.
        while psutil.Process(child.pid).exe() != str(agent) or not psutil.Process(child.pid).environ():
            time.sleep(0.01)
        context, uid = watching._context(child.pid, "codex")
    finally:
        child.communicate()
    assert uid == os.getuid()
    assert context.workspace == str(tmp_path)
    assert context.home == str(Path("~root").expanduser())
    assert context.env["MARK"] == "1"
    assert (context.user, context.agent) == ("root", "codex")
