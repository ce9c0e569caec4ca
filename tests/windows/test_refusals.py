from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from enforcer.interface import GuardRefusal, RunHandle
from enforcer.windows import privileges, process, snapshot, tree
from enforcer.windows.enforcer import WindowsEnforcer
from enforcer.windows.guard import WindowsGuard
from enforcer.windows.isolate import ProgramBlock
from enforcer.windows.job import Job


def test_the_systems_own_processes_are_refused_before_anything_is_tried(order):
    services = next(one for one in snapshot.processes() if one.name.lower() == "services.exe")
    with pytest.raises(GuardRefusal, match=r"services\.exe, which the machine stands on"):
        WindowsEnforcer().kill_process(order(services.pid), 1.0)
    assert process.alive(services.pid, process.key(services.pid))


@pytest.mark.parametrize("pid", [0, 4])
def test_idle_and_kernel_are_refused(pid):
    with pytest.raises(GuardRefusal, match="the system itself"):
        WindowsGuard().check_process("r1", pid, 0)


def test_lictor_itself_and_its_parents_are_refused(order):
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        WindowsEnforcer().kill_process(order(os.getpid()), 1.0)
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        WindowsGuard(own=os.getpid()).check_process("r1", os.getpid(), 0)


def test_run_with_a_protected_process_in_it_is_not_touched(start, count, order):
    root = start("1", 2)
    known = [(root.pid, process.key(root.pid)), (os.getpid(), process.key(os.getpid()))]
    guard = WindowsGuard()
    handle = RunHandle(
        "r1", gather=lambda: tree.gather(lambda: known, lambda pid, key: guard.check_process("r1", pid, key))
    )
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        WindowsEnforcer(guard).kill_run(order(root.pid), handle, 1.0)
    assert count.look(0.3) == 2


def test_program_that_only_bears_a_protected_name_is_not_spared(tree_exe, count, tmp_path, order):
    fake = tmp_path / "lsass.exe"
    shutil.copy(tree_exe, fake)
    running = subprocess.Popen([str(fake), str(count.port), "0"])
    assert count.wait(1, 20)
    assert WindowsEnforcer().kill_process(order(running.pid), 1.0).confirmed
    assert count.wait(0, 2)
    running.wait(10)


def test_debug_privilege_is_told_as_it_is():
    outcome = privileges.enable()
    assert outcome.enforcement in {"confirmed", "failed"}
    assert "SeDebugPrivilege" in outcome.evidence
    assert privileges.enable("SeNothingOfTheKind").enforcement == "failed"


def test_who_is_gone_cannot_be_put_into_a_job(start, count):
    root = start("0", 1)
    root.kill()
    root.wait(10)
    with pytest.raises(ProcessLookupError):
        Job().add_known(root.pid, 1)


def test_firewall_is_believed_only_when_its_rules_are_read_back(tree_exe):
    said = []

    def run(command):
        done = subprocess.run(command, capture_output=True, check=False)
        said.append(done.returncode)
        return done.returncode

    block = ProgramBlock("test-r1", lambda: [tree_exe], do=run)
    outcome = block.cut()
    if outcome.confirmed:  # a real Windows, with the rights for it
        assert block.join().confirmed
        return
    assert outcome.enforcement == "failed"
    assert said
    assert set(said) <= {0, 1}  # under Wine it is 0, and nothing was done
