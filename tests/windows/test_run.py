"""``lictor run`` on Windows as its caller, its lake and the machine see it. Trees are counted from outside (``counting``)."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from collectors.portable import machine
from pipeline.lake.reader import Lake

LICTOR = (sys.executable, "-m", "lictor")
WORK = """
import pathlib, subprocess, sys, time
print("begins", flush=True)
pathlib.Path("good.txt").write_text("y")
denied = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)", "denyme"])
print("child", denied.wait(), flush=True)
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)", "leftover"])
time.sleep(1)
sys.exit(5)
"""
POLICY = """\
lictor: 1
name: windows
holds: { limit: 2s, freeze: kill }
rules:
  - { id: one, on: exec, match: { argv: "*denyme" }, action: deny }
  - { id: grown, on: exec, match: { argv: "*tree.exe* 6*" }, action: ACTION }
  - { id: bad, on: file.create, match: { path: "${workspace}/**/bad.txt" }, action: quarantine }
"""


@pytest.fixture
def policy(tmp_path):
    """Function: a policy file that does so about a tree whose first children have begun."""

    def write(action="kill"):
        path = tmp_path / f"{action}.yaml"
        path.write_text(POLICY.replace("ACTION", action))
        return path

    return write


@pytest.fixture
def lictor(tmp_path):
    """Function: a command of Lictor, run to its end in a workspace of its own."""
    (tmp_path / "work").mkdir()

    def run(*words, patience=60):
        done = subprocess.run(
            [*LICTOR, *map(str, words)], capture_output=True, text=True, timeout=patience, cwd=tmp_path / "work",
            stdin=subprocess.DEVNULL, check=False, env=os.environ | {"LICTOR_RUNTIME": str(tmp_path / "runtime")},
        )  # fmt: skip
        return SimpleNamespace(status=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture
def watched(lictor, tmp_path):
    """Function: ``lictor run`` of a command under the portable source."""
    return lambda *command, options=(): lictor(
        "run", "--source", "portable", "--lake", tmp_path / "lake", *options, "--", *command
    )


@pytest.fixture
def asked(tmp_path):
    return lambda sql: Lake(tmp_path / "lake").query(sql).to_pylist()


def test_command_runs_with_its_output_and_its_status(watched, policy, asked, tmp_path):
    done = watched(sys.executable, "-S", "-c", WORK, options=("--policy", policy()))
    assert done.status == 5, done.err
    assert done.out.splitlines() == ["begins", "child 137"]
    assert "1 process(es) were left behind and are ended: python.exe" in done.err
    deeds = asked("SELECT action, enforcement, evidence FROM actions WHERE phase = 'result' ORDER BY time")
    assert [(row["action"], row["enforcement"]) for row in deeds] == [("kill", "confirmed")] * 2, deeds
    assert deeds[0]["evidence"].startswith("TerminateProcess")
    assert deeds[1]["evidence"] == "no tagged process is left"
    rows = asked("SELECT operation, path, verdict, rule FROM activity")
    assert {"operation": "exec", "path": sys.executable, "verdict": "deny", "rule": "one"} in rows
    assert any(row["operation"] == "file.create" and row["path"].endswith("\\work\\good.txt") for row in rows)
    (run,) = asked("SELECT state, exit_code, mode, source, denied FROM run_log WHERE state = 'ended'")
    assert run == {"state": "ended", "exit_code": 5, "mode": "enforce", "source": "portable", "denied": 1}


def test_command_itself_is_judged_before_it_goes_on(watched, asked, tmp_path):
    policy = tmp_path / "root.yaml"
    policy.write_text(
        "lictor: 1\nname: root\nrules:\n  - { id: root, on: exec, match: { argv: '*--yolo' }, action: kill }\n"
    )
    done = watched(sys.executable, "-S", "-c", "import time; time.sleep(60)", "--yolo", options=("--policy", policy))
    assert done.status == 137, done.err
    (row,) = asked("SELECT operation, verdict, rule FROM activity WHERE verdict <> 'allow'")
    assert row == {"operation": "exec", "verdict": "kill", "rule": "root"}


def test_run_of_fifty_is_killed_by_policy_and_nobody_is_left(watched, policy, asked, tree_exe, count):
    done = watched(tree_exe, count.port, "7,6", options=("--policy", policy("kill")))
    assert done.status == 137, done.err
    assert count.wait(0, 2), count.pids
    (deed,) = asked("SELECT enforcement, evidence FROM actions WHERE phase = 'result' AND action = 'kill'")
    assert deed["enforcement"] == "confirmed"
    assert deed["evidence"].startswith("TerminateJobObject; the job lists no process")


def test_run_is_frozen_and_ended_at_the_limit(watched, policy, asked, tree_exe, count):
    done = watched(tree_exe, count.port, "3,6", options=("--policy", policy("freeze")))
    assert done.status == 137, done.err
    assert "is frozen" in done.err
    assert count.wait(0, 2), count.pids
    deeds = asked("SELECT action, enforcement FROM actions WHERE phase = 'result' ORDER BY time")
    assert ("freeze", "confirmed") in [(row["action"], row["enforcement"]) for row in deeds]
    assert ("kill", "confirmed") in [(row["action"], row["enforcement"]) for row in deeds]
    states = asked("SELECT DISTINCT state FROM request_log ORDER BY state")
    assert states == [{"state": "killed"}, {"state": "waiting"}]


def test_file_goes_to_the_vault(watched, policy, asked, tmp_path):
    code = "import time; f = open('bad.txt', 'w'); f.write('x'); f.flush(); time.sleep(30)"
    done = watched(sys.executable, "-S", "-c", code, options=("--policy", policy()))
    assert done.status == 137, done.err
    assert not (tmp_path / "work" / "bad.txt").exists()
    (taken,) = (tmp_path / "lake" / "quarantine" / "content").iterdir()
    assert taken.read_text() == "x"
    (deed,) = asked("SELECT enforcement, evidence FROM actions WHERE phase = 'result' AND action = 'quarantine'")
    assert "SHA-256" in deed["evidence"]
    # Wine maps access lists to mode bits; see test_quarantine
    assert deed["enforcement"] == "confirmed" or "access list reads back as" in deed["evidence"]


def test_program_that_is_not_there_is_said_and_leaves_no_run(watched, tmp_path):
    done = watched("no-such-program")
    assert done.status == 2
    assert "was not found: nothing was run" in done.err
    assert not (tmp_path / "lake").exists()


def test_systems_list_tells_of_a_process_the_start_that_its_handle_does(start):
    """Who has another start in the list has a stranger's pid: two clocks would make everybody new at every look."""
    root = start("1", 2)
    there = machine.present()
    for pid in (os.getpid(), root.pid):
        assert there[pid] == machine.identify(pid).start


def test_nobody_can_be_asked_and_that_is_said(lictor):
    done = lictor("held")
    assert done.status == 2
    assert "Windows" in done.err
