import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from collectors.identity import process_key_from_proc
from enforcer.interface import GuardRefusal, Order, RunHandle
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.cgroupfs import CgroupError
from enforcer.linux.enforcer import LinuxEnforcer


def order(pid, run="r", key=None):
    return Order("kill", run, process_key_from_proc(pid) if key is None else key, pid)


@pytest.fixture
def child():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def enforcer():
    return LinuxEnforcer()


def test_kills_and_proves_one_process(enforcer, child):
    asked = order(child.pid)
    assert enforcer.wait_gone(asked, 0) is None
    assert enforcer.kill_process(asked, 5).confirmed
    assert enforcer.wait_gone(asked, 0).confirmed


def test_the_guard_stands_before_every_order(enforcer):
    for pid in (os.getpid(), os.getppid(), 1):
        with pytest.raises(GuardRefusal):
            enforcer.kill_process(order(pid), 0)
    with pytest.raises(GuardRefusal):
        enforcer.kill_process(order(os.getpid(), run=""), 0)


def survivors_of(mark, marked):
    def find():
        return [(pid, process_key_from_proc(pid)) for pid in marked(mark)]

    return find


def test_kill_of_a_run_reaches_those_who_left_the_cgroup(enforcer, place, marked):
    mark = f"LICTOR_TEST={uuid.uuid4().hex}"
    leave = f"echo $$ > {place.directory}/elsewhere/cgroup.procs; exec setsid sleep 300"
    (place.directory / "elsewhere").mkdir()
    with RunCgroup.create("r", [place]) as group:
        root = subprocess.Popen(
            ["sh", "-c", f"sh -c '{leave}' & sleep 0.1; echo ready; wait"],
            preexec_fn=lambda: group.add(0),  # noqa: PLW1509 - no threads here
            stdout=subprocess.PIPE, text=True, env=os.environ | {"LICTOR_TEST": mark.split("=")[1]},
        )  # fmt: skip
        root.stdout.readline()
        assert len(group.pids()) == len(marked(mark)) - 1
        handle = RunHandle("r", group=group, survivors=survivors_of(mark, marked))
        assert enforcer.wait_run_gone(order(root.pid), handle, 0) is None
        outcome = enforcer.kill_run(order(root.pid), handle, 5)
        assert outcome.confirmed, outcome
        assert outcome.evidence == (
            "cgroup.kill written; cgroup.events shows populated 0; no tagged process is left elsewhere"
        )
        assert marked(mark) == []
        root.communicate()


def test_a_run_without_a_cgroup_is_ended_by_its_tags(enforcer, marked):
    mark = f"LICTOR_TEST={uuid.uuid4().hex}"
    code = "import os,time\nfor _ in range(5): os.fork()\nos.write(1,b'x')\ntime.sleep(60)"
    root = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ | {"LICTOR_TEST": mark[12:]}
    )
    assert len(root.stdout.read(32)) == 32
    handle = RunHandle("r", survivors=survivors_of(mark, marked))
    assert enforcer.kill_run(order(root.pid), handle, 5).confirmed
    assert marked(mark) == []
    root.communicate()


def test_a_group_that_holds_lictor_is_not_killed(enforcer, place):
    with RunCgroup.create("r", [place]) as group:
        before = Path("/proc/self/cgroup").read_text().rsplit("0::", 1)[1].strip()
        group.add(0)
        try:
            with pytest.raises(GuardRefusal, match="Lictor itself"):
                enforcer.kill_run(order(os.getpid()), RunHandle("r", group=group), 0)
        finally:
            procs = place.directory.parents[len(Path(place.path).parts) - 2] / before.lstrip("/") / "cgroup.procs"
            procs.write_text("0")


def test_a_tagged_process_that_is_protected_stops_the_order(enforcer):
    handle = RunHandle("r", survivors=lambda: [(os.getpid(), process_key_from_proc(os.getpid()))])
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        enforcer.kill_run(order(os.getpid()), handle, 0)


def test_a_survivor_that_is_gone_by_now_does_not_count(enforcer, child):
    stale = (child.pid, process_key_from_proc(child.pid) ^ 1)
    assert enforcer.kill_run(order(child.pid), RunHandle("r", survivors=lambda: [stale]), 0).confirmed
    assert child.poll() is None


def test_what_lives_on_is_never_claimed_as_killed(enforcer, child):
    class Stubborn:
        def pids(self):
            return [child.pid]

        def kill(self):
            return None

        def wait_empty(self, timeout):
            return timeout < 0

    outcome = enforcer.kill_run(order(child.pid), RunHandle("r", group=Stubborn()), 0.02)
    assert (outcome.enforcement, outcome.evidence) == ("unverified", "cgroup.kill written")


def test_a_cgroup_that_may_not_be_killed_is_a_failure_with_its_reason(enforcer, child):
    class Foreign:
        def pids(self):
            return []

        def kill(self):
            raise CgroupError("cannot kill /x: Permission denied; run as the user who made it")

    outcome = enforcer.kill_run(order(child.pid), RunHandle("r", group=Foreign()), 0)
    assert (outcome.enforcement, "Permission denied" in outcome.evidence) == ("failed", True)
