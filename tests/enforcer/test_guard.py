import os
import subprocess

import psutil
import pytest

from collectors.identity import ProcessStat, key_of, process_key_from_proc, read_stat
from enforcer.guard import Guard
from enforcer.interface import GuardRefusal, Order


class Table:
    """A made-up process table: pid → (parent, start, kernel thread)."""

    def __init__(self, **changes):
        self.rows = {1: (0, 0, False), 2: (0, 0, True), 5: (2, 1, True), 10: (1, 5, False), 20: (10, 9, False),
                     30: (20, 12, False), 40: (30, 15, False)} | changes  # fmt: skip

    def __call__(self, pid):
        if pid not in self.rows:
            raise ProcessLookupError(pid)
        parent, start, kernel = self.rows[pid]
        return ProcessStat(pid, parent, start, dead=False, kernel_thread=kernel)

    def order(self, pid, run="run-1"):
        return Order("kill", run, key_of(self(pid)), pid)


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def guard(table):
    return Guard(table, own=20)  # 10 is its parent, 30 and 40 its children


@pytest.mark.parametrize("pid", [30, 40])
def test_processes_of_a_run_may_be_acted_on_also_as_our_children(guard, table, pid):
    guard.check(table.order(pid))


@pytest.mark.parametrize(
    ("pid", "why"),
    [(1, "pid 1 is never touched"), (2, "kernel thread"), (5, "kernel thread"),
     (10, "Lictor itself or one of its parents"), (20, "Lictor itself or one of its parents")],
)  # fmt: skip
def test_refusals(guard, table, pid, why):
    with pytest.raises(GuardRefusal, match=why) as caught:
        guard.check(table.order(pid))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("pid", [0, -1, -30])
def test_pids_that_mean_groups_are_refused(guard, pid):
    with pytest.raises(GuardRefusal, match="never touched"):
        guard.check(Order("kill", "run-1", 1, pid))


def test_without_a_run_nothing_is_touched(guard, table):
    with pytest.raises(GuardRefusal, match="belongs to no agent run"):
        guard.check(table.order(30, run=""))
    with pytest.raises(GuardRefusal, match="no agent run"):
        guard.check_group("", [30])


def test_a_pid_that_is_another_process_by_now_is_refused(guard, table):
    order = table.order(30)
    table.rows[30] = (1, 99, False)
    with pytest.raises(GuardRefusal, match="another process by now"):
        guard.check(order)


def test_a_process_that_is_gone_passes(guard, table):
    order = table.order(30)
    del table.rows[30]
    guard.check(order)


def test_a_new_parent_is_protected_and_the_first_one_stays_so(guard, table):
    table.rows |= {50: (1, 3, False), 20: (50, 9, False)}
    for pid in (10, 20, 50):
        with pytest.raises(GuardRefusal, match="one of its parents"):
            guard.check(table.order(pid))


def test_a_circle_of_parents_ends(guard, table):
    table.rows[20] = (40, 9, False)
    with pytest.raises(GuardRefusal, match="one of its parents"):
        guard.check(table.order(40))


def test_protection_does_not_pass_on_with_a_pid(guard, table):
    table.rows[20] = (1, 9, False)
    table.rows[10] = (1, 50, False)
    guard.check(table.order(10))


def test_a_group_with_a_protected_member_is_refused(guard):
    guard.check_group("run-1", [30, 40, 77])
    for protected in (1, 5, 10, 20):
        with pytest.raises(GuardRefusal):
            guard.check_group("run-1", [30, protected])


def test_on_this_machine():
    guard = Guard()
    for process in [psutil.Process(), *psutil.Process().parents()]:
        with pytest.raises(GuardRefusal):
            guard.check(Order("kill", "r", process_key_from_proc(process.pid), process.pid))
    with subprocess.Popen(["sleep", "30"]) as child:
        guard.check(Order("kill", "r", key_of(read_stat(child.pid)), child.pid))
        child.kill()
    assert psutil.pid_exists(os.getpid())
