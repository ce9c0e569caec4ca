import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from enforcer.linux import bare, cgroupfs, settling
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.settling import Deed, Run


@pytest.fixture
def group(place):
    with RunCgroup.create("run-1", [place]) as made:
        yield made
        made.kill()
        assert made.wait_empty(5)


@pytest.fixture
def run_of():
    """Function: the run of a group and a tree, as the keeper is told of it."""
    runs = []

    def make(group, tree=None, fail="open"):
        root, start = (tree.pid, int(bare.stat(tree.pid)[19])) if tree else (0, 0)
        runs.append(Run("run-1", str(group.directory), group.id, root, start, fail))
        return runs[-1]

    yield make
    for run in runs:
        run.close()


def test_release_continues_and_thaws(group, grow, run_of, stop, state, until):
    tree = grow(group=group)
    stopped = [tree.pid, *tree.pids()[-1:]]
    for pid in stopped:
        stop(pid)
    assert group.freeze()
    run = run_of(group, tree)
    assert not run.goes_on()
    assert run.release() == set(stopped)
    assert until(run.goes_on)
    assert cgroupfs.events(group.directory)["frozen"] == 0
    assert not [pid for pid in tree.pids() if state(pid) == "T"]
    assert not run.has_ended()


def test_release_reaches_a_stop_that_waits_for_the_thaw(group, grow, run_of, state):
    tree = grow(group=group)
    assert group.freeze()
    os.kill(tree.pid, signal.SIGSTOP)
    run = run_of(group)
    assert run.release() == {tree.pid}
    assert group.thaw()
    time.sleep(0.05)
    assert state(tree.pid) != "T"


def test_release_continues_those_that_are_not_in_the_group_yet(group, grow, run_of, stop, state):
    tree = grow()
    child = next(pid for pid, parent, _ in bare.everybody() if parent == tree.pid)
    stop(child)
    run = run_of(group, tree)
    assert run.release() == set()  # nobody has looked outside
    run.look_outside()
    assert run.release() == {child}
    assert state(child) != "T"


def test_kill_ends_the_group_and_the_root_elsewhere_with_its_children(group, grow, run_of, until):
    tree = grow()
    parents = {pid: parent for pid, parent, _ in bare.everybody()}
    orphan = next(pid for pid in tree.pids() if not {pid, parents[pid], parents.get(parents[pid])} & {tree.pid})
    children = {pid for pid in tree.pids() if parents[pid] == tree.pid}
    group.add(orphan)
    run = run_of(group, tree)
    signalled = run.kill()
    assert signalled >= {tree.pid, *children}
    assert orphan not in signalled
    assert until(run.has_ended)
    assert not {tree.pid, orphan, *children} & set(tree.pids())


def test_who_has_the_pid_of_the_root_by_now_is_spared(group, run_of):
    stranger = subprocess.Popen(["sleep", "60"])
    run = Run("r", str(group.directory), group.id, stranger.pid, int(bare.stat(stranger.pid)[19]) - 1, "closed")
    try:
        assert run.kill() == set()
        assert run.has_ended()
        time.sleep(0.05)
        assert stranger.poll() is None
    finally:
        run.close()
        stranger.kill()
        stranger.wait()


def test_the_keeper_itself_is_never_part_of_a_run(group, run_of):
    """Should the agent have started Lictor, the keeper descends from the root."""
    run = Run("r", str(group.directory), group.id, os.getppid(), int(bare.stat(os.getppid())[19]), "open")
    run.look_outside()
    assert os.getppid() in run.others
    assert os.getpid() not in run.others
    run.close()


def test_another_group_at_the_same_path_is_left_alone(place, run_of):
    first = RunCgroup.create("run-1", [place])
    run = run_of(first)
    first.remove()
    with RunCgroup.create("run-1", [place]) as second:
        assert second.freeze()
        run.release()
        run.kill()
        assert run.is_removed()
        assert cgroupfs.events(second.directory) == {"populated": 0, "frozen": 1}
        late = Run("run-1", str(second.directory), second.id + 1, 0, 0, "open")
        late.release()
        assert late.is_removed()
        assert second.directory.exists()
        assert second.thaw()


def test_a_group_goes_with_those_below_it_once_it_is_empty(place, grow, run_of, until):
    group = RunCgroup.create("run-1", [place])
    (group.directory / "a/b").mkdir(parents=True)
    tree = grow("echo ready; read line", group)
    (group.directory / "a/b/cgroup.procs").write_text(str(tree.pid))
    run = run_of(group)
    assert run.members() == set(tree.pids())
    assert not run.is_removed()
    tree.end()
    assert until(run.is_removed)
    assert not group.directory.exists()
    assert run.shows() == b""
    group.close()


def test_only_a_marker_that_is_there_is_changed(group, run_of):
    run = run_of(group)
    run.mark_settled()
    assert os.getxattr(group.directory, "trusted.lictor.fail") == b"settled"
    with pytest.raises(OSError, match="No data"):
        os.getxattr(group.directory, "user.lictor.fail")


def test_a_deed_is_written_down_once_and_with_what_was_seen(group, grow, run_of, capfd, until, stop):
    tree = grow(group=group)
    stop(tree.pid)
    assert group.freeze()
    deed = Deed(run_of(group, tree), "release", "because")
    assert until(lambda: deed.step() or deed.noted)
    deed.step()
    [row] = map(json.loads, capfd.readouterr().out.splitlines())
    assert row.items() >= {"run": "run-1", "what": "release", "enforcement": "confirmed"}.items()
    assert row["evidence"] == (
        "because; processes that had been stopped: 1; cgroup.events shows populated 1 frozen 0"
    )  # fmt: skip
    assert abs(row["time_ns"] - time.time_ns()) < 60e9


def test_who_is_stopped_late_is_continued_too_for_a_while(group, grow, run_of, stop, state, until, monkeypatch):
    monkeypatch.setattr(settling, "LOOK_AFTER_S", 1.0)
    tree = grow(group=group)
    deed = Deed(run_of(group, tree), "release", "because")
    deed.step()
    assert deed.noted
    stop(tree.pid)
    assert not deed.is_over()
    deed.step()
    assert state(tree.pid) != "T"
    assert until(deed.is_over, 2)


def test_a_kill_goes_on_until_nobody_is_left(group, grow, run_of, until, capfd):
    tree = grow(group=group)
    deed = Deed(run_of(group, tree, "closed"), "kill", "because")
    assert until(lambda: deed.step() or deed.is_over())
    assert tree.pids() == []
    [row] = map(json.loads, capfd.readouterr().out.splitlines())
    assert row["enforcement"] == "confirmed"
    assert "populated 0" in row["evidence"]


def test_what_does_not_take_effect_is_written_down_as_failed(group, grow, run_of, capfd, monkeypatch, until):
    monkeypatch.setattr(settling, "LOOK_AFTER_S", 0.05)
    monkeypatch.setattr(bare, "write", lambda *_: None)
    tree = grow(group=group)
    assert group.freeze()
    deed = Deed(run_of(group, tree), "release", "because")
    assert until(lambda: deed.step() or deed.noted)
    [row] = map(json.loads, capfd.readouterr().out.splitlines())
    assert row["enforcement"] == "failed"
    assert "frozen 1" in row["evidence"]
    assert group.thaw()


def test_a_group_that_is_gone_is_nothing_to_wait_for(tmp_path, capfd):
    run = Run("run-1", str(tmp_path / "gone"), 1, 0, 0, "closed")
    deed = Deed(run, "kill", "because")
    deed.step()
    assert deed.is_over()
    assert run.is_removed()
    assert "no such group" in capfd.readouterr().out
    assert not Path(tmp_path / "gone").exists()
