"""A dry run asks the guard, and touches nothing."""

from __future__ import annotations

import os
import subprocess

import pytest

from collectors.identity import process_key_from_proc
from enforcer.dry_run import DryRun
from enforcer.guard import Guard
from enforcer.interface import GuardRefusal, Order, RunHandle


@pytest.fixture
def child():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def order(child, **more):
    return Order("kill", "run", process_key_from_proc(child.pid), child.pid, **more)


def test_every_act_is_told_and_none_is_done(child, tmp_path):
    dry, file = DryRun(Guard()), tmp_path / "file"
    file.write_text("x")
    wanted = order(child, object=str(file))
    handle = RunHandle("run", survivors=lambda: [(child.pid, wanted.process_key)])
    outcomes = [
        dry.kill_process(wanted, 0), dry.wait_gone(wanted, 0), dry.kill_run(wanted, handle, 0), dry.wait_run_gone(wanted, handle, 0),
        dry.freeze_run(wanted, handle, 0), dry.wait_run_frozen(wanted, handle, 0), dry.thaw_run(wanted, handle, 0),
        dry.continue_process(wanted), dry.cut_network(wanted, handle), dry.join_network(wanted, handle),
    ]  # fmt: skip
    dry.begin_quarantine(wanted, "deed")
    outcomes.append(dry.wait_quarantined(wanted, "deed", 0))
    assert all(o.enforcement == "unverified" and o.evidence.startswith("dry run: not done") for o in outcomes)
    assert child.poll() is None
    assert file.read_text() == "x"


def test_what_the_guard_refuses_is_refused_here_too(child):
    dry = DryRun(Guard(files=["/srv/lake"]))
    own = Order("kill", "run", process_key_from_proc(os.getpid()), os.getpid())
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        dry.kill_process(own, 0)
    with pytest.raises(GuardRefusal, match="Lictor itself"):
        dry.kill_run(own, RunHandle("run", survivors=lambda: [(own.pid, own.process_key)]), 0)
    with pytest.raises(GuardRefusal, match="belongs to Lictor"):
        dry.begin_quarantine(order(child, object="/srv/lake/wal/x"), "deed")
