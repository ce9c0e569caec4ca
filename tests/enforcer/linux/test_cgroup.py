import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from enforcer.linux import cgroup, cgroupfs
from enforcer.linux.cgroup import CgroupError, RunCgroup, reap_stale


@pytest.fixture
def group(place):
    with RunCgroup.create("run-1", [place]) as group:
        yield group
        group.kill()
        assert group.wait_empty(5)


def start(group, *argv, **options):
    """Start a command that is in the group before its first instruction."""
    return subprocess.Popen(argv, preexec_fn=lambda: group.add(0), **options)  # noqa: PLW1509 - no threads here


@pytest.mark.parametrize("run", ["", ".", "..", "a/b", "../x", ".hidden", "a b", "a\n", "é", "x" * 129])
def test_run_ids_that_are_no_directory_names_are_refused(run, tmp_path):
    with pytest.raises(CgroupError, match="cannot name a cgroup"):
        RunCgroup.create(run, [cgroupfs.Place(tmp_path, "/x")])
    assert not list(tmp_path.iterdir())


def test_error_names_each_place_and_the_next_step(tmp_path):
    (tmp_path / "file").touch()
    place = cgroupfs.Place(tmp_path / "file" / "lictor", "/x")
    with pytest.raises(CgroupError, match=r"file/lictor: Not a directory\); run as root") as caught:
        RunCgroup.create("r", [place, place])
    assert "\n" not in str(caught.value)


def test_falls_back_to_the_second_place(place, tmp_path):
    (tmp_path / "file").touch()
    bad = cgroupfs.Place(tmp_path / "file" / "lictor", "/x")
    with RunCgroup.create("r", [bad, place]) as group:
        assert group.directory == place.directory / "r"


def test_a_member_sees_the_path_that_we_state(group):
    with start(group, "cat", "/proc/self/cgroup", stdout=subprocess.PIPE, text=True) as child:
        assert cgroupfs.own_cgroup(child.communicate()[0]) == group.path
    assert group.id == group.directory.stat().st_ino


def test_add_and_populated_and_pids(group):
    assert not group.populated()
    assert group.pids() == []
    child = subprocess.Popen(["sleep", "60"])
    try:
        group.add(child.pid)
        assert group.populated()
        assert group.pids() == [child.pid]
        assert not group.wait_empty(0)
    finally:
        child.kill()
        child.wait()
    assert group.wait_empty(2)
    with pytest.raises(ProcessLookupError):
        group.add(child.pid)


def test_a_kernel_thread_cannot_be_moved(group):
    if Path("/proc/2/exe").exists():
        pytest.skip("no kernel threads in this pid namespace")
    with pytest.raises(CgroupError, match=r"cannot move process 2 into /.*run-1: .*kernel threads"):
        group.add(2)


@pytest.mark.parametrize("by", ["kill", "_kill_by_signals"])
def test_kill_reaches_setsid_double_fork_and_nested_groups(place, marked, by):
    mark = f"LICTOR_TEST={uuid.uuid4().hex}"
    script = f"""
        set -e
        mkdir -p {place.directory}/r/nested/deeper
        setsid sleep 300 &
        (setsid sh -c 'sleep 300 & sleep 301 &' &)
        sh -c 'echo $$ > {place.directory}/r/nested/deeper/cgroup.procs; exec setsid sleep 300' &
        sh -c 'trap "" TERM HUP INT; sleep 302; sleep 303' &
        sleep 0.2
        echo ready
        wait
    """
    with RunCgroup.create("r", [place]) as group:
        root = start(
            group, "sh", "-c", script, stdout=subprocess.PIPE, text=True, env=os.environ | dict([mark.split("=")])
        )
        assert root.stdout.readline() == "ready\n"
        before = marked(mark)
        assert len(before) >= 6
        assert sorted(group.pids()) == sorted(before)
        getattr(group, by)()
        assert group.wait_empty(5)
        assert root.wait(5) == -9
        root.stdout.close()
        assert marked(mark) == []
        assert group.pids() == []
        with pytest.raises(CgroupError, match="in use"):
            RunCgroup.create("r", [place])


STORM = """
import os, time
print("go", flush=True)
for _ in range(100):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(60)
            time.sleep(0.02)
        os._exit(0)
    os.wait()
time.sleep(60)
"""


@pytest.mark.parametrize("by", ["kill", "_kill_by_signals"])
def test_no_survivor_of_a_fork_storm(place, marked, by):
    mark = f"LICTOR_TEST={uuid.uuid4().hex}"
    with RunCgroup.create("storm", [place]) as group:
        root = start(group, sys.executable, "-c", STORM, stdout=subprocess.PIPE, text=True,
                     env=os.environ | dict([mark.split("=")]))  # fmt: skip
        root.stdout.readline()
        while len(group.pids()) < 20:  # struck while it is forking
            assert root.poll() is None
        getattr(group, by)()
        assert group.wait_empty(5)
        assert marked(mark) == []
        root.communicate()


def test_freeze_and_thaw_are_read_back(group):
    child = start(group, sys.executable, "-c", "while True: pass")
    try:

        def cpu():
            return sum(map(int, Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))

        assert group.freeze()
        used = cpu()
        time.sleep(0.1)
        assert cpu() == used
        assert cgroupfs.events(group.directory)["frozen"] == 1
        assert group.thaw()
        deadline = time.monotonic() + 5
        while cpu() == used:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        child.kill()
        child.wait()


def test_a_frozen_group_can_be_killed(group):
    child = start(group, "sleep", "60")
    assert group.freeze()
    group.kill()
    assert child.wait(5) == -9
    assert group.wait_empty(5)


def test_wait_empty_wakes_soon_after_the_last_process(group):
    child = start(group, "sleep", "0.2")
    assert group.wait_empty(5)
    ended = time.monotonic()
    child.wait()
    assert time.monotonic() - ended < 0.2


def test_remove_refuses_while_something_lives_and_keeps_the_lock(group):
    child = start(group, "sleep", "60")
    with pytest.raises(CgroupError, match=rf"still holds processes \[{child.pid}\]; kill the run first"):
        group.remove(timeout=0.05)
    assert cgroupfs.lock(group.directory) is None
    group.kill()
    child.wait()
    group.remove()
    group.remove()
    assert not group.directory.exists()


def test_everything_answers_after_somebody_removed_the_group(place):
    group = RunCgroup.create("r", [place])
    group.directory.rmdir()
    assert not group.populated()
    assert group.pids() == []
    assert group.wait_empty(0)
    group.kill()
    with pytest.raises(CgroupError, match="cannot freeze"):
        group.freeze()
    with pytest.raises(CgroupError, match="cannot move process"):
        group.add(0)
    group.remove()


def test_an_empty_leftover_is_replaced_and_a_live_one_is_not(place):
    (place.directory / "r/inner").mkdir(parents=True)
    (place.directory / "r/cgroup.freeze").write_text("1")
    with RunCgroup.create("r", [place]) as group:
        assert not (group.directory / "inner").exists()
        assert (group.directory / "cgroup.freeze").read_text() == "0\n"
        child = start(group, "sleep", "60")
        group.close()  # as if Lictor had crashed
        with pytest.raises(CgroupError, match="still holds processes of an earlier run; end them first"):
            RunCgroup.create("r", [place])
        assert child.poll() is None
        group.kill()
        child.wait()
        assert group.wait_empty(5)


def marker(group):
    return os.getxattr(group.directory, "trusted.lictor.fail").decode()


def abandoned(place, run, fail, *argv):
    """A group with a process, whose Lictor has died without its keeper."""
    group = RunCgroup.create(run, [place], fail=fail)
    child = start(group, *argv)
    group.close()
    return group, child


def test_reaper_takes_only_what_is_unheld(place):
    held, crashed = (RunCgroup.create(name, [place]) for name in ("held", "crashed"))
    child = start(held, "sleep", "60")
    assert held.freeze()
    crashed.close()
    (crashed.directory / "inner").mkdir()
    assert reap_stale([place]) == [("crashed", "removed")]
    assert cgroupfs.children(place.directory) == [held.directory]
    assert cgroupfs.events(held.directory) == {"populated": 1, "frozen": 1}
    held.kill()
    child.wait()
    held.remove()
    assert reap_stale([place]) == []


def test_reaper_lets_a_run_go_on_that_was_to_fail_open(place, until, state, grow):
    group = RunCgroup.create("r", [place], fail="open")
    tree = grow(group=group)
    early, late = tree.pids()[-2:]
    os.kill(early, signal.SIGSTOP)
    assert until(lambda: state(early) == "T")
    assert group.freeze()
    os.kill(late, signal.SIGSTOP)  # it waits for the thaw
    group.close()
    assert reap_stale([place]) == [("r", "released")]
    assert cgroupfs.events(group.directory) == {"populated": 1, "frozen": 0}
    time.sleep(0.05)
    assert not [pid for pid in tree.pids() if state(pid) == "T"]
    assert marker(group) == "settled"
    # From here on nobody but a person stops it, and that is not undone.
    os.kill(early, signal.SIGSTOP)
    assert until(lambda: state(early) == "T")
    assert reap_stale([place]) == []
    assert state(early) == "T"
    tree.end()
    assert group.wait_empty(5)
    assert reap_stale([place]) == [("r", "removed")]


def test_reaper_says_nothing_of_a_run_that_went_on_by_itself(place):
    group, child = abandoned(place, "r", "open", "sleep", "60")
    assert reap_stale([place]) == []
    assert child.poll() is None
    assert marker(group) == "settled"
    child.kill()
    child.wait()


def test_reaper_ends_a_run_that_was_to_fail_closed(place, grow):
    group = RunCgroup.create("r", [place], fail="closed")
    tree = grow(group=group)
    assert group.freeze()
    group.close()
    assert reap_stale([place]) == [("r", "killed")]
    assert tree.pids() == []
    assert not group.directory.exists()


def test_reaper_kills_nobody_on_a_guess(place):
    """A group without a marker: its maker had not come that far, or may not write one."""
    group, child = abandoned(place, "r", "closed", "sleep", "60")
    os.removexattr(group.directory, "trusted.lictor.fail")
    assert reap_stale([place]) == []
    assert child.poll() is None
    child.kill()
    child.wait()


@pytest.mark.parametrize(("fail", "method"), [("open", "thaw"), ("closed", "kill")])
def test_reaper_says_what_does_not_follow_and_tries_again(place, monkeypatch, fail, method):
    group, child = abandoned(place, "r", fail, "sleep", "60")
    (group.directory / "cgroup.freeze").write_text("1")
    with monkeypatch.context() as patch:
        patch.setattr(RunCgroup, method, lambda *_: False)
        assert reap_stale([place]) == [("r", "stuck")]
    assert child.poll() is None
    assert marker(group) == fail
    assert reap_stale([place]) == [("r", {"open": "released", "closed": "killed"}[fail])]
    child.kill()
    child.wait()


def test_continue_spares_a_process_that_has_left(group, state, until):
    """Its pid was read from the group, and names a process elsewhere by the time it is signalled."""
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGSTOP)
    assert until(lambda: state(child.pid) == "T")
    assert group._signal([child.pid], signal.SIGCONT) == 0
    assert state(child.pid) == "T"
    assert group.continue_stopped() == 0
    group.add(child.pid)
    assert group.continue_stopped() == 1
    assert state(child.pid) != "T"
    child.kill()
    child.wait()


@pytest.mark.parametrize("fail", ["open", "closed"])
def test_marker_is_the_users_where_the_other_is_refused(place, monkeypatch, fail):
    real = os.setxattr

    def unprivileged(target, name, value):
        if name.startswith("trusted."):
            raise PermissionError
        real(target, name, value)

    monkeypatch.setattr(os, "setxattr", unprivileged)
    with RunCgroup.create("r", [place], fail=fail) as group:
        assert cgroup._marked(group.descriptor) == fail
        assert os.getxattr(group.directory, "user.lictor.fail") == fail.encode()


def test_reaper_leaves_what_is_another_users(place):
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    (place.directory / "roots").mkdir()
    _, child = abandoned(place, "full", "closed", "sleep", "60")
    os.seteuid(65534)
    try:
        assert reap_stale([place]) == []
        with pytest.raises(CgroupError, match=r"Permission denied\); run as root, or under `systemd-run"):
            RunCgroup.create("mine", [place])
    finally:
        os.seteuid(0)
    assert child.poll() is None
    assert sorted(reap_stale([place])) == [("full", "killed"), ("roots", "removed")]
    assert child.wait(5) == -9


def test_reaper_finds_nothing_where_there_is_no_tree(monkeypatch):
    monkeypatch.setattr(cgroupfs, "_proc", lambda _: "")
    assert reap_stale() == []


def test_the_lock_does_not_pass_to_what_the_run_starts(group):
    with start(group, "sh", "-c", "ls -l /proc/self/fd", stdout=subprocess.PIPE, text=True) as child:
        assert "cgroup" not in child.communicate()[0]
    assert cgroup.CgroupError is cgroupfs.CgroupError
