import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from collectors.identity import ProcessStat, key_of, process_key_from_proc, read_stat
from enforcer import guard as module
from enforcer.guard import RUNTIMES, Guard, exe_of, is_of_root
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


def gone(pid):
    raise FileNotFoundError(pid)


@pytest.fixture
def guard(table):
    return Guard(table, own=20, exe=gone)  # 10 is its parent, 30 and 40 its children


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
    for protected in (1, 10, 20):  # kernel threads have no part in what is done to a group
        with pytest.raises(GuardRefusal):
            guard.check_group("run-1", [30, protected])


def test_a_group_with_a_parent_that_came_later_is_refused(guard, table):
    table.rows |= {50: (1, 3, False), 20: (50, 9, False)}
    with pytest.raises(GuardRefusal, match="one of its parents"):
        guard.check_group("run-1", [30, 50])


def test_a_large_group_costs_no_look_at_each_process(table):
    looked = []
    guard = Guard(lambda pid: looked.append(pid) or table(pid), own=20, exe=gone)
    looked.clear()
    guard.check_group("run-1", range(1000, 3000))
    assert len(looked) < 10


def test_on_this_machine():
    guard = Guard()
    for process in [psutil.Process(), *psutil.Process().parents()]:
        with pytest.raises(GuardRefusal):
            guard.check(Order("kill", "r", process_key_from_proc(process.pid), process.pid))
    with subprocess.Popen(["sleep", "30"]) as child:
        guard.check(Order("kill", "r", key_of(read_stat(child.pid)), child.pid))
        child.kill()
    assert psutil.pid_exists(os.getpid())


# Container runtimes


@pytest.mark.parametrize(
    "exe", ["/usr/bin/dockerd", "/usr/lib/systemd/systemd", "/usr/bin/containerd-shim-runc-v2 (deleted)"]
)
def test_a_runtime_of_root_is_refused_by_its_program(table, exe):
    guard = Guard(table, own=20, exe=lambda _: exe, of_root=lambda _: True)
    with pytest.raises(GuardRefusal, match="holds up more than this run"):
        guard.check(table.order(30))
    with pytest.raises(GuardRefusal, match="process 40 is "):
        guard.check_group("run-1", [40])


def test_names_that_the_kernel_told_spare_a_look_at_all_but_those_that_count(table):
    looked = []

    def exe(pid):
        looked.append(pid)
        return "/usr/bin/dockerd" if pid == 40 else "/bin/sh"

    guard = Guard(table, own=20, exe=exe, of_root=lambda _: True)
    guard.check_group("run-1", [30, 31, 32], {30: "sh", 31: ""})
    assert looked == [32], "not told: asked for"
    with pytest.raises(GuardRefusal, match="process 40 is dockerd"):
        guard.check_group("run-1", [30, 40], {30: "sh", 40: "dockerd"})
    guard.check_group("run-1", [50], {50: "runc"})  # by now it is another program: what /proc says counts
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        guard.check_group("run-1", [20], {20: "sh"})


@pytest.mark.parametrize("exe", ["/usr/bin/docker", "/home/dockerd/sh", "/usr/bin/dockerd-not", ""])
def test_other_programs_are_no_runtimes(table, exe):
    guard = Guard(table, own=20, exe=lambda _: exe, of_root=lambda _: True)
    guard.check(table.order(30))
    guard.check_group("run-1", [30, 40])


def test_a_runtime_of_a_plain_user_is_spared_nothing(table):
    guard = Guard(table, own=20, exe=lambda _: "/tmp/runc", of_root=lambda _: False)
    guard.check(table.order(30))
    guard.check_group("run-1", [30])


def test_one_that_ends_while_it_is_looked_at_passes(table):
    Guard(table, own=20, exe=lambda _: "/usr/bin/runc", of_root=gone).check(table.order(30))


@contextmanager
def running(*command, **more):
    with subprocess.Popen(command, **more) as child:
        try:
            yield child
        finally:
            child.kill()


def test_names_alone_protect_no_program_on_this_machine(tmp_path):
    """What an agent could try: a copy of a shell by the name of a runtime, and no right to look at it given away."""
    if os.geteuid() != 0:
        pytest.skip("needs root to start a program as another user")
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)
    fake = tmp_path / "runc"
    shutil.copy(shutil.which("sleep"), fake)
    with running(fake, "60", user=65534, group=65534) as child, running(fake, "60") as of_root:
        assert exe_of(child.pid) == str(fake)
        assert (is_of_root(child.pid), is_of_root(of_root.pid)) == (False, True)
        guard = Guard()
        guard.check(Order("kill", "r", process_key_from_proc(child.pid), child.pid))
        with pytest.raises(GuardRefusal, match="is runc, which holds up more"):
            guard.check(Order("kill", "r", process_key_from_proc(of_root.pid), of_root.pid))


def test_who_forbids_a_dump_does_not_pass_for_root():
    """The kernel gives the files below /proc/<pid> of such a process to root."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    code = "import ctypes,os,time\nos.setuid(65534)\nctypes.CDLL(None).prctl(4, 0)\nprint('up', flush=True)\ntime.sleep(60)"
    with running(sys.executable, "-c", code, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert os.stat(f"/proc/{child.pid}/status").st_uid == 0
        assert not is_of_root(child.pid)


def test_runtimes_are_names_of_programs():
    assert all(name and "/" not in name for name in RUNTIMES)


# Files


@pytest.fixture
def mine(tmp_path):
    """A folder that Lictor lives on, beside one of the agent's."""
    for name in ("lake/wal", "lakeside", "work"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("lake/wal/1.arrow", "lakeside/x", "work/x", "policy.yaml"):
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.fixture
def files(mine):
    return Guard(files=[mine / "lake", mine / "policy.yaml"])


@pytest.mark.parametrize("name", ["lake", "lake/wal/1.arrow", "lake/not-there-yet", "policy.yaml"])
def test_lictors_own_files_are_never_taken_away(files, mine, name):
    with pytest.raises(GuardRefusal, match="belongs to Lictor"):
        files.check_file(f"{mine}/{name}")


@pytest.mark.parametrize("name", ["lakeside/x", "work/x", "policy.yaml.bak", "work/not-there"])
def test_files_beside_them_may_be(files, mine, name):
    files.check_file(f"{mine}/{name}")


@pytest.mark.parametrize("way", ["work/../lake/wal/1.arrow", "work/link/1.arrow", "work/../policy.yaml"])
def test_another_way_to_them_is_refused_too(files, mine, way):
    (mine / "work/link").symlink_to(mine / "lake/wal")
    with pytest.raises(GuardRefusal, match="belongs to Lictor"):
        files.check_file(f"{mine}/{way}")


def test_a_link_of_the_agents_to_them_is_its_own(files, mine):
    (mine / "work/link").symlink_to(mine / "policy.yaml")
    files.check_file(f"{mine}/work/link")


def test_what_lictor_runs_from_is_never_taken_away(tmp_path):
    """Its own program and a library of it, the truth of which is in /proc."""
    guard = Guard()
    mapped = {line.split(maxsplit=5)[5] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}
    library = next(name for name in sorted(mapped) if ".so" in name)
    for path in (os.readlink("/proc/self/exe"), library):
        with pytest.raises(GuardRefusal, match="running program that the system needs"):
            guard.check_file(path)
        with pytest.raises(GuardRefusal, match="running program"):
            guard.check_file(f"/usr/../{path}")
    guard.check_file(shutil.which("sleep") + "-not")
    other = tmp_path / "copy"
    shutil.copy(library, other)
    guard.check_file(str(other))


def test_a_second_name_of_a_running_program_is_refused(tmp_path):
    program = tmp_path / "init"
    shutil.copy(shutil.which("sleep"), program)
    os.link(program, tmp_path / "other-name")
    with running(program, "60") as child:
        deadline = time.monotonic() + 10
        while "init" not in Path(f"/proc/{child.pid}/maps").read_text() and time.monotonic() < deadline:
            time.sleep(0.005)  # it has mapped its program once exec is through
        guard = Guard(own=child.pid)
        for name in ("init", "other-name"):
            with pytest.raises(GuardRefusal, match="running program"):
                guard.check_file(str(tmp_path / name))


def test_pid_1_is_looked_at_too(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "_mapped", lambda pid: asked.append(pid) or set())
    (tmp_path / "x").write_text("x")
    Guard().check_file(str(tmp_path / "x"))
    assert asked == [os.getpid(), 1]


def test_maps_that_may_not_be_read_protect_nothing_and_do_no_harm():
    assert module._mapped(2**22 + 7) == set()


# How much
