"""A start after a crash: each intent gets its result, once, and the keeper's account becomes rows."""

from __future__ import annotations

import json
import os
import subprocess
import time
from types import SimpleNamespace

import pyarrow as pa
import pytest

from collectors.identity import boot_id, process_key_from_proc
from enforcer.settled import Settled
from lictor.enforcing import interrupted
from lictor.enforcing.interrupted import FOLDER, Interrupted
from pipeline import schema
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def start(lake):
    """Function: what a start writes."""

    def begin(report=lambda _: None):
        made = Interrupted(lake, SimpleNamespace(host="box", boot_id=boot_id()), report)
        rows = [row for _, table in made.settle() for row in table.to_pylist()]
        return made, rows

    return begin


def dead_note(lake, pid=None):
    """The note of a service that was killed."""
    child = subprocess.Popen(["sleep", "9"])
    note = {"pid": child.pid, "key": process_key_from_proc(child.pid), "since": time.time_ns() // 1000 - 10**6}
    child.kill()
    child.wait()
    (lake / FOLDER).mkdir(parents=True, exist_ok=True)
    path = lake / FOLDER / f"{pid or child.pid}.json"
    path.write_text(json.dumps(note))
    return path


def actions(lake, *rows):
    base = {"host": "box", "boot_id": boot_id(), "agent_run": "run", "enforced_at": "userspace", "actor": "policy"}
    with LakeWriter(lake, "box") as writer:
        full = [base | {"time": time.time_ns() // 1000} | row for row in rows]
        writer.append("actions", pa.Table.from_pylist(full, schema=schema.lake_schema("actions")))


def test_a_first_start_has_nothing_to_settle_and_leaves_its_note(lake, start):
    made, rows = start()
    assert rows == []
    (note,) = (lake / FOLDER).iterdir()
    assert json.loads(note.read_text())["pid"] == os.getpid()
    made.end()
    assert list((lake / FOLDER).iterdir()) == []


def test_an_intent_without_a_result_gets_one(lake, start):
    child = subprocess.Popen(["sleep", "9"])
    key = process_key_from_proc(child.pid)
    note = dead_note(lake)
    actions(
        lake,
        {"id": "done", "phase": "intent", "action": "kill"}, {"id": "done", "phase": "result", "action": "kill", "enforcement": "confirmed"},
        {"id": "alive", "phase": "intent", "action": "kill", "pid": child.pid, "process_key": key},
        {"id": "froze", "phase": "intent", "action": "freeze"},
        {"id": "gone", "phase": "intent", "action": "kill", "pid": 4_000_000, "process_key": 7},
        {"id": "other boot", "phase": "intent", "action": "kill", "boot_id": "another"},
    )  # fmt: skip
    told = []
    _, rows = start(told.append)
    child.kill()
    child.wait()
    assert {row["id"]: row["enforcement"] for row in rows} == {
        "alive": "unverified", "froze": "unverified", "gone": "confirmed", "other boot": "unverified",
    }  # fmt: skip
    assert {row["phase"] for row in rows} == {"result"}
    assert not note.exists()
    assert "ended unexpectedly" in told[0]


def test_the_keepers_account_becomes_pairs_of_rows(lake, start):
    note = dead_note(lake)
    line = {"time_ns": 5, "run": "run-9", "what": "release", "enforcement": "confirmed", "evidence": "frozen 0"}
    note.with_suffix(".keeper").write_text(json.dumps(line) + "\n" + '{"time_ns": 6, "ru')
    actions(lake, {"id": "x", "phase": "result", "action": "kill"})
    _, rows = start()
    assert [(r["phase"], r["action"], r["agent_run"], r["enforcement"], r["actor"]) for r in rows] == [
        ("intent", "release", "run-9", None, "lictor-keeper"), ("result", "release", "run-9", "confirmed", "lictor-keeper"),
    ]  # fmt: skip
    assert len({row["id"] for row in rows}) == 1
    assert not note.with_suffix(".keeper").exists()


def test_what_a_keeper_did_has_the_name_that_it_gave_it(lake, start):
    note = dead_note(lake)
    line = {
        "time_ns": 5,
        "run": "run-9",
        "what": "join",
        "enforcement": "failed",
        "evidence": "2 rules are still there",
    }
    note.with_suffix(".keeper").write_text(json.dumps(line) + "\n")
    actions(lake, {"id": "x", "phase": "result", "action": "kill"})
    _, rows = start()
    assert [(r["action"], r["enforcement"]) for r in rows] == [("join", None), ("join", "failed")]


def test_what_no_keeper_could_do_any_more_is_done_after_its_account_was_read(lake, start, monkeypatch):
    note = dead_note(lake)
    rest = Settled(7, "run-9", "release", "confirmed", "resumed")
    monkeypatch.setattr(interrupted, "settle_rest", lambda log: [rest] if log == note.with_suffix(".keeper") else [])
    actions(lake, {"id": "x", "phase": "result", "action": "kill"})
    _, rows = start()
    assert [(r["action"], r["agent_run"], r["enforcement"]) for r in rows] == [
        ("release", "run-9", None),
        ("release", "run-9", "confirmed"),
    ]


def test_a_living_service_is_left_alone(lake, start):
    _, first = start()
    actions(lake, {"id": "mine", "phase": "intent", "action": "kill"})
    neighbour = subprocess.Popen(["sleep", "9"])
    note = lake / FOLDER / f"{neighbour.pid}.json"
    note.write_text(json.dumps({"pid": neighbour.pid, "key": process_key_from_proc(neighbour.pid), "since": 0}))
    _, rows = start()
    neighbour.kill()
    neighbour.wait()
    assert first == rows == []
    assert note.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}'])
def test_a_note_that_was_cut_by_the_crash_counts_as_a_dead_ones(lake, start, text):
    (lake / FOLDER).mkdir(parents=True)
    (lake / FOLDER / "7.json").write_text(text)
    actions(lake, {"id": "owed", "phase": "intent", "action": "freeze"})
    _, rows = start()
    assert [row["id"] for row in rows] == ["owed"]
    assert not (lake / FOLDER / "7.json").exists()
