from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from enforcer.interface import GuardRefusal, RunHandle
from enforcer.windows import process, tree
from enforcer.windows.enforcer import WindowsEnforcer
from enforcer.windows.job import Job
from enforcer.windows.launch import launch

TRIALS = 3


def test_launched_tree_of_fifty_is_gone_within_a_second(tree_exe, count, order):
    for _ in range(TRIALS):
        job = Job(fail="closed")
        root = launch(job, [tree_exe, str(count.port), "7,6"])
        assert count.wait(50, 30)
        assert sorted(job.pids()) == sorted(count.pids.values())
        begun = time.monotonic()
        outcome = WindowsEnforcer().kill_run(order(root.pid), RunHandle("r1", group=job), 1.0)
        assert time.monotonic() - begun < 1.0
        assert outcome.confirmed, outcome
        assert count.wait(0, 1), count.pids
        job.close()


def test_found_tree_of_fifty_is_gathered_and_gone_within_a_second(start, count, order):
    root = start("7,6", 50)
    known = [(root.pid, process.key(root.pid))]
    begun = time.monotonic()
    handle = RunHandle("r1", gather=lambda: tree.gather(lambda: known, lambda _pid, _key: None))
    outcome = WindowsEnforcer().kill_run(order(root.pid), handle, 1.0)
    assert time.monotonic() - begun < 1.0
    assert outcome.confirmed, outcome
    assert count.wait(0, 1), count.pids


def test_tree_that_grows_meanwhile_is_gone_too(start, count):
    root = start("2", 3, 20)
    known = [(root.pid, process.key(root.pid))]
    assert count.look(0.3) > 3
    group = tree.gather(lambda: known, lambda _pid, _key: None)
    group.kill()
    assert group.wait_empty(2)
    assert count.wait(0, 1)
    time.sleep(0.2)
    count.look(0.1)
    assert count.living() == 0


def test_child_whose_parent_ended_is_reached_by_its_tag(start, count):
    root = start("1,1", 3)
    keys = [(pid, process.key(pid)) for pid in count.pids.values()]
    assert process.kill_process(root.pid, process.key(root.pid), 1).confirmed
    assert count.wait(2, 2)
    group = tree.gather(lambda: keys, lambda _pid, _key: None)
    assert len(group.pids()) == 2
    group.kill()
    assert count.wait(0, 1)


def test_job_inside_a_job_is_ended_by_the_outer_one(start, count, job):
    root = start("2", 3)
    inner = Job()
    for pid in count.pids.values():
        job.add(pid)
    inner.add(root.pid)
    assert inner.pids() == [root.pid]
    assert len(job.pids()) == 3
    inner.kill()
    assert count.wait(2, 2)
    job.kill()
    assert job.wait_empty(1)
    assert count.wait(0, 1)


@pytest.mark.parametrize(("fail", "left"), [("closed", 0), ("open", 3)])
def test_closing_the_last_handle_ends_the_run_or_lets_it_go_on(start, count, fail, left):
    start("2", 3)
    group = Job(fail=fail)
    for pid in count.pids.values():
        group.add(pid)
    group.close()
    assert count.wait(left, 3)
    count.look(0.3)
    assert count.living() == left


def test_launched_process_may_not_leave_its_job(job, tmp_path):
    code = (
        "import subprocess, sys, pathlib\n"
        "try:\n"
        " subprocess.Popen([sys.executable, '-S', '-c', ''], creationflags=0x01000000)\n"
        "except OSError as error:\n"
        f" pathlib.Path({str(tmp_path / 'told')!r}).write_text(str(error.winerror))\n"
    )
    started = launch(job, [sys.executable, "-S", "-c", code])
    with process.opened(started.pid) as handle:
        assert process.wait_ended(handle, 20)
    assert (tmp_path / "told").read_text() == "5"


def test_launched_process_gets_its_folder_and_variables(job, tmp_path):
    code = "import os, pathlib; pathlib.Path('told').write_text(os.environ['WHO'])"
    started = launch(
        job,
        [sys.executable, "-S", "-c", code],
        folder=str(tmp_path),
        environment=dict(os.environ) | {"WHO": "lictor é"},
    )
    with process.opened(started.pid) as handle:
        assert process.wait_ended(handle, 20)
    assert (tmp_path / "told").read_text(encoding="utf-8") == "lictor é"


def test_program_that_is_not_there_is_an_error_with_its_function(job):
    with pytest.raises(FileNotFoundError, match="CreateProcessW"):
        launch(job, [r"C:\no\such.exe"])
    assert job.pids() == []


def test_one_process_is_ended_and_its_exit_code_tells(start, order, count):
    root = start("0", 1)
    outcome = WindowsEnforcer().kill_process(order(root.pid), 1.0)
    assert outcome.confirmed, outcome
    assert root.wait(5) == process.EXIT_CODE
    assert count.wait(0, 1)


def test_pid_of_another_process_is_not_touched(start, order, count):
    root = start("0", 1)
    wrong = order(root.pid)
    wrong = type(wrong)(**(vars(wrong) | {"process_key": wrong.process_key + 1}))
    with pytest.raises(GuardRefusal, match="another process by now"):
        WindowsEnforcer().kill_process(wrong, 1.0)
    with pytest.raises(GuardRefusal, match="another process by now"):
        process.kill_process(wrong.pid, wrong.process_key, 1.0)
    with pytest.raises(ProcessLookupError):
        Job().add_known(wrong.pid, wrong.process_key)
    assert count.look(0.2) == 1


def test_handle_pins_who_it_is_after_the_end():
    ended = subprocess.Popen([sys.executable, "-S", "-c", "pass"])
    with process.opened(ended.pid) as handle:
        before = process.created(handle)
        ended.wait(20)
        assert process.created(handle) == before
        assert process.wait_ended(handle, 1)
        assert not process.alive(ended.pid, process.process_key(ended.pid, before))
