"""Runs are told, on real terminals and in real files, and what became of that is said as it was."""

from __future__ import annotations

import os
import signal
import time

import pytest

from collectors.identity import process_key_from_proc
from lictor.errors import LictorError
from lictor.runtime import run_dir
from lictor.telling.folder import RunInfo
from lictor.telling.reading import newer_than
from lictor.telling.telling import Telling


@pytest.fixture
def clock():
    """Seconds that a test moves."""
    return [100.0]


@pytest.fixture
def telling(runtime, clock):
    made = Telling(monotonic=lambda: clock[0])
    made.begin(RunInfo("run-1", "agent", os.getpid(), 0, 0))
    yield made
    made.close()


def told(run="run-1"):
    return [reason.object for reason in newer_than(run_dir(run), "")]


def test_a_living_process_is_told_on_its_terminal_and_in_the_file(telling, on_terminal, stopped):
    one = on_terminal().raw()
    (outcome,) = telling.tell("run-1", [stopped(pid=one.pid, process_key=one.key)])
    assert outcome.enforcement == "confirmed"
    assert outcome.evidence == f"reasons.jsonl; terminal {one.path.removeprefix('/dev/')}"
    assert one.read() == (
        b"\r\nlictor: denied: file.read /home/a/.ssh/id_ed25519 (rule credentials: Keys are private. Ask the broker.)\r\n"
    )
    assert told() == ["/home/a/.ssh/id_ed25519"]


def killed(one):
    """End a process and wait for it; its key as it was."""
    key = one.key
    os.kill(one.pid, signal.SIGKILL)
    os.waitpid(one.pid, 0)
    return key


def test_of_a_process_that_was_killed_the_parent_is_told(telling, on_terminal, stopped):
    parent, other = on_terminal().raw(), on_terminal()
    key = killed(other)
    row = stopped(pid=other.pid, process_key=key, parent_key=parent.key, root_pid=1, root_key=5)
    (outcome,) = telling.tell("run-1", [row])
    assert outcome.evidence.endswith(f"terminal {parent.path.removeprefix('/dev/')}")
    assert b"denied: file.read" in parent.read()


def test_where_the_parent_is_gone_too_the_root_is_told(telling, on_terminal, stopped):
    root, other, parent = on_terminal().raw(), on_terminal(), on_terminal()
    parent_key, key = killed(parent), killed(other)
    row = stopped(pid=other.pid, process_key=key, parent_key=parent_key, root_pid=root.pid, root_key=root.key)
    (outcome,) = telling.tell("run-1", [row])
    assert outcome.evidence.endswith(f"terminal {root.path.removeprefix('/dev/')}")
    assert b"denied: file.read" in root.read()


def test_a_process_without_a_terminal_is_told_in_the_file_only(telling, on_terminal, without_terminal, stopped):
    root = on_terminal().raw()
    row = stopped(
        pid=without_terminal, process_key=process_key_from_proc(without_terminal), root_pid=root.pid, root_key=root.key
    )
    (outcome,) = telling.tell("run-1", [row])
    assert (outcome.enforcement, outcome.evidence) == ("confirmed", "reasons.jsonl; no terminal")
    assert root.silent()


def test_each_row_has_its_outcome_in_order(telling, on_terminal, stopped):
    one = on_terminal().raw()
    rows = [
        stopped("/a", pid=one.pid, process_key=one.key),
        stopped("/b"),
        stopped("/c", pid=one.pid, process_key=one.key),
    ]
    outcomes = telling.tell("run-1", rows)
    assert [outcome.evidence.startswith("reasons.jsonl; terminal") for outcome in outcomes] == [True, False, True]
    assert told() == ["/a", "/b", "/c"]
    assert telling.tell("run-1", []) == []


def test_a_thousand_denials_are_five_lines_and_then_how_many_more(telling, on_terminal, stopped, clock):
    one = on_terminal().raw()
    rows = [stopped(f"/{i}", pid=one.pid, process_key=one.key) for i in range(1000)]
    outcomes = telling.tell("run-1", rows)
    assert {outcome.enforcement for outcome in outcomes} == {"confirmed"}
    assert sum("left out" in outcome.evidence for outcome in outcomes) == 995
    assert [line.split()[3] for line in one.read().split(b"\r\n") if line] == [f"/{i}".encode() for i in range(5)]
    telling.tick()
    assert one.silent()
    clock[0] += 1
    telling.tick()
    assert one.read() == b"\r\nlictor: ... and 995 more\r\n"
    telling.tick()
    assert one.silent()
    assert told() == [f"/{i}" for i in range(1000)]


def test_the_count_comes_before_the_next_line_and_at_the_end(telling, on_terminal, stopped, clock):
    one = on_terminal().raw()
    row = stopped(pid=one.pid, process_key=one.key)
    telling.tell("run-1", [row] * 8)
    one.read()
    clock[0] += 2
    telling.tell("run-1", [row])
    assert one.read().index(b"and 3 more") < 20
    telling.tell("run-1", [row] * 9)
    one.read()
    telling.end("run-1")
    assert b"more" in one.read()


def test_a_reader_that_is_stuck_costs_nothing_but_its_own_line(telling, on_terminal, stopped):
    one = on_terminal().raw()
    descriptor = os.open(one.path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    for size in (4096, 1, 1, 1):
        try:
            while os.write(descriptor, b"x" * size):
                pass
        except BlockingIOError:
            time.sleep(0.05)
    os.close(descriptor)
    began = time.monotonic()
    outcomes = telling.tell("run-1", [stopped(pid=one.pid, process_key=one.key)] * 5)
    assert time.monotonic() - began < 0.5
    assert {outcome.enforcement for outcome in outcomes} == {"confirmed"}
    assert "nobody reads it" in outcomes[0].evidence


def test_a_folder_that_is_gone_is_a_failure_with_its_cause(telling, on_terminal, stopped):
    one = on_terminal().raw()
    folder = run_dir("run-1")
    (folder / "run.json").unlink()
    folder.rmdir()
    (outcome,) = telling.tell("run-1", [stopped(pid=one.pid, process_key=one.key)])
    assert outcome.enforcement == "failed"
    assert outcome.evidence.startswith("reasons.jsonl: No such file or directory; terminal pts/")
    assert b"denied" in one.read()  # the one way does not depend on the other


def test_a_run_that_was_not_begun(telling, stopped):
    outcomes = telling.tell("other", [stopped(), stopped()])
    assert [outcome.enforcement for outcome in outcomes] == ["failed", "failed"]
    assert "no folder" in outcomes[0].evidence


def test_folders_are_gone_at_the_end(telling, stopped):
    telling.begin(RunInfo("run-2", "agent", 1, 0, 0))
    for run in ("run-1", "run-2"):
        telling.tell(run, [stopped()])
    telling.end("run-1")
    assert [run_dir(run).exists() for run in ("run-1", "run-2")] == [False, True]
    telling.end("run-1")
    telling.close()
    assert not run_dir("run-2").exists()


def test_where_no_folder_can_be_made(runtime):
    runtime.write_text("a file in its place")
    with pytest.raises(LictorError):
        Telling().begin(RunInfo("run-1", "agent", 1, 0, 0))
