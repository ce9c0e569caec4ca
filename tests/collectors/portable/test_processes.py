from __future__ import annotations

import os
import time
from dataclasses import replace

import psutil
import pytest

from collectors.identity import process_key_from_proc
from collectors.interface import CollectorError, Run
from collectors.portable import processes as module
from collectors.portable.processes import Processes

RUN = Run("run", "agent")


@pytest.fixture
def processes():
    made = Processes({1: RUN}, run_variable="LICTOR_RUN")
    made.begin()
    return made


def until(processes, wanted, seconds=5.0):
    """Look until a fact fits; all facts by then."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        found += processes.look()
        if any(wanted(one) for one in found):
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_a_child_of_a_member_is_one_with_its_birth_program_and_end(processes, script):
    root = script("import subprocess; input(); subprocess.run(['sleep', '0.4']); input()")
    processes.tag(root.pid, 1)
    root.stdin.write("\n")
    root.stdin.flush()
    facts = until(processes, lambda f: f["operation"] == "exit")
    (fork,) = [f for f in facts if f["operation"] == "fork"]
    sleeps = [f for f in facts if f["operation"] == "exec" and f["exe"].endswith("/sleep")]
    (ended,) = [f for f in facts if f["operation"] == "exit"]
    assert fork["pid"] == root.pid
    assert fork["process_key"] == process_key_from_proc(root.pid)
    assert len(sleeps) == 1
    assert {fork["child_key"], sleeps[0]["process_key"], ended["process_key"]} == {fork["child_key"]}
    assert sleeps[0]["parent_key"] == process_key_from_proc(root.pid)
    assert sleeps[0]["cmdline"] == "sleep 0.4"
    assert all(f["agent_run"] == "run" and "from_proc" in f["quality"] for f in facts)


def test_another_program_in_the_same_process_is_an_exec(processes, script):
    root = script("import os; input(); os.execv('/bin/cat', ['cat'])")
    processes.tag(root.pid, 1)
    root.stdin.write("\n")
    root.stdin.flush()
    facts = until(processes, lambda f: f["operation"] == "exec" and f["cmdline"] == "cat")
    assert facts[-1]["process_key"] == process_key_from_proc(root.pid)


def test_a_stranger_is_nobodys(processes, script):
    stranger = script("input()")
    processes.look()
    assert processes.tagged(stranger.pid) == 0
    assert processes.of(1) == []


def test_an_orphan_is_known_by_what_its_environment_says_and_its_row_says_so(processes, script):
    text = "import subprocess; print(subprocess.Popen(['sleep', '5']).pid)"
    parent = script(text, env={**os.environ, "LICTOR_RUN": "run"})
    orphan = int(parent.stdout.readline())
    parent.wait()
    try:
        facts = until(processes, lambda f: f["pid"] == orphan)
        (row,) = [f for f in facts if f["pid"] == orphan]
        assert row["quality"] == "from_proc,parent_unknown,inferred"
        assert row["initiator_evidence"] == "environment of the process"
        assert processes.tagged(orphan) == 1
    finally:
        os.kill(orphan, 9)


def test_the_environment_of_another_run_makes_nobody_a_member(processes, script):
    stranger = script("input()", env={**os.environ, "LICTOR_RUN": "elsewhere"})
    end = time.monotonic() + 1
    while time.monotonic() < end:
        assert not [f for f in processes.look() if f["pid"] == stranger.pid]
        time.sleep(0.05)


def test_a_pid_that_is_somebody_elses_by_now_is_no_member(processes, script):
    child = script("input()")
    processes.tag(child.pid, 1)
    member = processes.members[child.pid]
    # As it looks when the member has ended and its pid was given to the process that is there now.
    member.who = replace(member.who, key=member.who.key ^ 1, start=member.who.start - 100)
    assert processes.tagged(child.pid) == 0
    assert processes.of(1) == []
    facts = processes.look()
    assert [(f["operation"], f["process_key"]) for f in facts if f["pid"] == child.pid] == [("exit", member.who.key)]
    assert child.pid not in processes.members


def test_a_strangers_pid_that_was_given_to_a_child_is_found_all_the_same(processes, script):
    root = script("import subprocess; print(subprocess.Popen(['sleep', '9']).pid, flush=True); input()")
    child = int(root.stdout.readline())
    processes._strangers[child] = (1, None)  # somebody who began in another tick was seen there
    processes.tag(root.pid, 1)
    facts = until(processes, lambda f: f.get("child_pid") == child)
    assert facts
    os.kill(child, 9)


def test_members_are_found_between_two_looks(processes, script):
    root = script("import subprocess; input(); print(subprocess.Popen(['sleep', '9']).pid, flush=True); input()")
    processes.tag(root.pid, 1)
    root.stdin.write("\n")
    root.stdin.flush()
    child = int(root.stdout.readline())
    assert {m.who.pid for m in processes.of(1)} == {root.pid, child}
    facts = until(processes, lambda f: f["operation"] == "exec" and f["pid"] == child) + processes.look()
    assert [f["operation"] for f in facts if child in (f.get("child_pid"), f["pid"])] == ["fork", "exec"]
    os.kill(child, 9)


def test_children_of_children_are_found_whatever_the_order_of_pids(processes, script, monkeypatch):
    text = (
        "import subprocess; p = subprocess.Popen(['sh', '-c', 'sleep 9 & echo $!; wait'], stdout=subprocess.PIPE);"
        "print(p.pid, int(p.stdout.readline()), flush=True); input()"
    )
    root = script(text)
    child, grandchild = map(int, root.stdout.readline().split())
    processes.tag(root.pid, 1)
    monkeypatch.setattr(psutil, "pids", lambda: [grandchild, child, root.pid])
    assert {m.who.pid for m in processes.of(1)} == {root.pid, child, grandchild}
    os.kill(grandchild, 9)


def test_candidates_are_told_of_strangers_that_begin(script):
    told = []
    processes = Processes({}, on_candidates=told.extend)
    processes.begin()
    stranger = script("input()", "mark")
    end = time.monotonic() + 5
    while not any(c.pid == stranger.pid and c.argv[-1:] == ["mark"] for c in told) and time.monotonic() < end:
        processes.look()
        time.sleep(0.02)
    candidate = next(c for c in told if c.pid == stranger.pid and c.argv[-1:] == ["mark"])
    assert candidate.process_key == process_key_from_proc(stranger.pid)
    assert os.getpid() not in {c.pid for c in told}


@pytest.fixture
def met():
    """Pids that were told of as candidates, and who tells."""
    pids = []
    made = Processes({}, on_candidates=lambda found: pids.extend(one.pid for one in found))
    return pids, made


def test_somebody_else_with_a_strangers_pid_is_met_at_once_where_the_list_tells_them_apart(met, script, monkeypatch):
    pids, processes = met
    stranger = script("input()")
    processes.begin()
    processes.look()
    assert stranger.pid not in pids
    monkeypatch.setattr(module, "present", lambda: {stranger.pid: 1})  # as on Windows, which begins pids anew
    processes.look()
    assert pids == [stranger.pid]


def test_a_stranger_is_looked_at_once_more_however_late_the_look(met, script, monkeypatch):
    monkeypatch.setattr(module, "YOUNG_S", 0.0)
    pids, processes = met
    processes.begin()
    stranger = script("input()")
    for _ in range(4):
        processes.look()
    assert pids.count(stranger.pid) == 2


def test_who_is_gone_cannot_be_tagged(processes):
    with pytest.raises(CollectorError, match="has ended"):
        processes.tag(2**22 + 1, 1)


def test_a_run_that_is_over_has_no_members(processes, script):
    child = script("input()")
    processes.tag(child.pid, 1)
    processes.drop(1)
    assert processes.tagged(child.pid) == 0


def test_one_that_waits_with_its_program_in_it_is_told_of_at_once_and_once(processes, script):
    root = script("print(flush=True); input()")
    root.stdout.readline()  # it has its program
    processes.tag(root.pid, 1, begins=True)
    (row,) = processes.look()
    assert (row["operation"], row["process_key"]) == ("exec", process_key_from_proc(root.pid))
    assert row["cmdline"].endswith("input()'")
    assert processes.look() == []
