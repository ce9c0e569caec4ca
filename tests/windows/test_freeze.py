from __future__ import annotations

import time

from enforcer.interface import RunHandle
from enforcer.windows import api, process, snapshot, tree
from enforcer.windows.enforcer import WindowsEnforcer
from enforcer.windows.launch import launch
from enforcer.windows.suspension import is_suspended


def test_frozen_run_says_nothing_and_goes_on_when_thawed(tree_exe, count, job, order):
    root = launch(job, [tree_exe, str(count.port), "3,2"])
    assert count.wait(10, 30)
    assert count.dots(0.3) > 10
    leases = []
    handle = RunHandle("r1", group=job, lease=leases.append)
    enforcer = WindowsEnforcer()
    outcome = enforcer.freeze_run(order(root.pid), handle, 2.0)
    assert outcome.confirmed, outcome
    assert count.dots(0.5) == 0
    assert enforcer.freeze_run(order(root.pid), handle, 2.0).confirmed  # twice, and yet one thaw is enough
    assert enforcer.thaw_run(order(root.pid), handle, 2.0).confirmed
    assert count.dots(0.3) > 10
    assert count.look() == 10
    assert leases[0] > 600
    assert leases[-1] is None


def test_tree_that_grows_stands_still_as_a_whole(start, count):
    root = start("1", 2, 20)
    known = [(root.pid, process.key(root.pid))]
    group = tree.gather(lambda: known, lambda _pid, _key: None)
    assert group.freeze(3)
    assert count.dots(0.3) == 0
    frozen = count.look()
    time.sleep(0.3)
    assert count.look(0.1) == frozen
    assert group.thaw(1)
    assert count.dots(0.3) > 0
    group.kill()
    assert count.wait(0, 2)


def test_frozen_run_can_be_killed(tree_exe, count, job):
    launch(job, [tree_exe, str(count.port), "3"])
    assert count.wait(4, 30)
    assert job.freeze(2)
    job.kill()
    assert job.wait_empty(1)
    assert count.wait(0, 1)


def test_look_at_a_running_thread_leaves_it_running(start, count):
    root = start("0", 1)
    assert not any(is_suspended(tid) for tid in snapshot.threads()[root.pid])
    assert count.dots(0.3) > 0


def test_stopped_process_goes_on_by_order(start, count, order):
    root = start("0", 1)
    with process.opened(root.pid, api.SUSPEND_RESUME) as handle:
        api.call("NtSuspendProcess", handle)
    assert count.dots(0.3) == 0
    assert WindowsEnforcer().continue_process(order(root.pid)).enforcement == "unverified"
    assert count.dots(0.3) > 0
