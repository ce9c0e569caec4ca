"""The ladder in its place, with the real sensor: held runs, the switch, a keeper that is lost, runs that were found."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collectors.identity import process_key_from_proc
from enforcer.decisions import Decision
from enforcer.interface import Order
from enforcer.linux import cgroupfs
from enforcer.linux.cgroupfs import CgroupError
from lictor.context import local_context
from lictor.control.pausing import Paused
from lictor.enforcing import on_linux
from lictor.service import Service, Settings
from pipeline.policy.load import load_policy

pytestmark = pytest.mark.kernel

TEXT = "lictor: 1\nname: p\nrules:\n  - {{ id: r, on: file.read, match: {{ path: {path} }}, action: {action} }}\n"


@pytest.fixture
def serving(tmp_path):
    """Function: an open service with one rule on a file; closed after the test."""
    made = []

    def make(action="ask", **options):
        file = tmp_path / "secret"
        file.write_text("x")
        policy = load_policy(TEXT.format(path=os.path.realpath(file), action=action), "p.yaml")
        service = Service(Settings(tmp_path / "lake", [policy], **options), report=told.append)
        service.told, service.secret = told, file
        service.open()
        made.append(service)
        return service

    told: list[str] = []
    yield make
    for service in made:
        service.close()


@pytest.fixture
def begin():
    """Function: a shell script as a run that was found; it is ended after the test."""
    children = []

    def start(service, script):
        child = subprocess.Popen(["sh", "-c", f"read _; {script}"], stdin=subprocess.PIPE, text=True)
        children.append(child)
        live = service.begin(child.pid, local_context("tester"), script, uid=4242, running=True)
        service.enforcement.prepare(live)
        child.stdin.write("go\n")
        child.stdin.flush()
        return child, live

    yield start
    for child in children:
        child.kill()
        child.wait()


def state(pid):
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()


def until(service, condition, timeout=10):
    deadline = time.monotonic() + timeout
    service.serve(lambda: condition() or time.monotonic() > deadline)
    assert condition()


def table(service, name):
    files = sorted((service.settings.lake / name).rglob("*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def test_a_found_run_that_may_be_held_is_in_a_cgroup_from_the_start_and_goes_home_at_the_end(serving, begin):
    service = serving()
    child, live = begin(service, "sleep 30")
    assert cgroupfs.in_run_cgroup(child.pid)
    assert child.pid in live.group.pids()
    directory = live.group.directory
    service.end(live, None)
    assert not cgroupfs.in_run_cgroup(child.pid)
    assert not directory.exists()
    assert child.poll() is None


def test_a_found_run_that_is_never_held_stays_where_it_is(serving, begin):
    child, live = begin(serving("deny"), "sleep 30")
    assert live.group is None
    assert not cgroupfs.in_run_cgroup(child.pid)


def test_a_question_is_a_row_and_its_answer_another(serving, begin):
    service = serving()
    child, live = begin(service, f"cat {service.secret} >/dev/null; exit 7")
    ladder = service.enforcement.ladder
    until(service, lambda: list(ladder.holds))
    (hold,) = ladder.holds
    assert service.enforcement.request(hold)["object"] == os.path.realpath(service.secret)
    until(service, lambda: service.enforcement.request(hold)["change"])
    assert service.enforcement.decide(hold, Decision("release", "root", "yes", 0)).confirmed
    until(service, lambda: child.poll() is not None)
    assert child.returncode == 7
    service.end(live, 7)
    service.close()
    rows = table(service, "requests")
    assert {row["state"] for row in rows} == {"waiting", "released"}
    assert (live.held, live.answers) == (1, {"released": 1})
    assert rows[-1]["decided_by"] == "root"


def test_where_no_cgroup_can_be_had_a_run_is_held_by_signals(serving, begin, monkeypatch):
    def refuse(*_, **__):
        raise CgroupError("may not be made")

    monkeypatch.setattr(on_linux, "adopt", refuse)
    service = serving("freeze", source="portable")
    child, live = begin(service, "while :; do :; done")
    ladder = service.enforcement.ladder
    service.enforcement.order(Order("freeze", live.id, live.root_key, live.root_pid, actor="root"))
    until(service, lambda: list(ladder.holds))
    assert state(child.pid) == "T"
    assert live.group is None
    (hold,) = ladder.holds
    assert service.enforcement.decide(hold, Decision("release", "root", None, 0)).confirmed
    assert state(child.pid) == "R"
    service.end(live, None)


def test_the_switch_lets_everything_go_and_raises_an_alarm(serving, begin):
    service = serving()
    child, live = begin(service, f"cat {service.secret} >/dev/null; cat {service.secret} >/dev/null; exit 5")
    until(service, lambda: list(service.enforcement.ladder.holds))
    switch = Paused("alice", "false alarm", time.time_ns())
    service.enforcement.follow(switch, service.installing)
    service.enforcement.follow(switch, service.installing)  # told once
    until(service, lambda: child.poll() is not None)
    assert child.returncode == 5
    service.enforcement.follow(None, service.installing)
    service.end(live, 5)
    service.close()
    assert [row["rule"] for row in table(service, "findings")] == ["lictor:paused", "lictor:resumed"]
    assert table(service, "requests")[-1]["decided_by"] == "alice"


def test_a_run_whose_end_comes_first_leaves_no_question(serving, begin):
    service = serving()
    child, live = begin(service, f"cat {service.secret}")
    until(service, lambda: list(service.enforcement.ladder.holds))
    live.group.kill()
    until(service, lambda: child.poll() is not None)
    service.end(live, None)
    service.close()
    assert table(service, "requests")[-1]["state"] == "gone"
    assert (live.held, live.answers) == (1, {"gone": 1})


def test_a_keeper_that_is_lost_is_replaced_and_told_of_all_runs(serving, begin):
    service = serving()
    child, live = begin(service, "sleep 30")
    keeper = service.enforcement.machine._keeper.current
    os.kill(keeper.pid, signal.SIGKILL)
    time.sleep(0.3)
    order = Order("freeze", live.id, live.root_key, live.root_pid, actor="root")
    assert service.enforcement.order(order).confirmed
    assert service.enforcement.machine._keeper.current is not keeper
    assert any("keeper" in line for line in service.told)
    assert cgroupfs.events(live.group.directory)["frozen"] == 1
    (hold,) = service.enforcement.ladder.holds
    service.enforcement.decide(hold, Decision("release", "root"))
    assert child.poll() is None


def test_a_keeper_that_is_lost_is_missed_also_where_there_is_nothing_to_tell_it(serving):
    service = serving()
    keeper = service.enforcement.machine._keeper.current
    os.kill(keeper.pid, signal.SIGKILL)
    until(service, lambda: service.enforcement.machine._keeper.current is not keeper)
    assert any("keeper" in line for line in service.told)


def test_isolation_and_back(serving, begin):
    service = serving()
    _, live = begin(service, "sleep 30")
    order = Order("isolate", live.id, live.root_key, live.root_pid, actor="root")
    outcome = service.enforcement.order(order)
    assert outcome.confirmed, outcome
    assert service.enforcement.ladder.is_cut(live.id)
    assert service.collector.isolated(live.number)
    back = service.enforcement.order(Order("join", live.id, live.root_key, live.root_pid, actor="root"))
    assert back.confirmed, back
    assert not service.collector.isolated(live.number)


def test_own_files_and_own_processes_are_refused(serving, begin):
    service = serving()
    _, live = begin(service, "sleep 30")
    order = Order("kill", live.id, process_key_from_proc(os.getpid()), os.getpid(), actor="root")
    handle = service.enforcement.handle(live.id)
    assert handle.limits.seconds == 600
    assert service.enforcement.handle("stranger") is None
    with pytest.raises(Exception, match="Lictor itself"):
        service.enforcement.machine.enforcer.kill_process(order, 0)
    lake = str(service.settings.lake.resolve() / "wal" / "x")
    taken = Order("quarantine", live.id, 0, 0, object=lake)
    with pytest.raises(Exception, match="belongs to Lictor"):
        service.enforcement.machine.enforcer.begin_quarantine(taken, "d")
