"""The collector with made-up sessions and a made-up machine; events are structures in memory, as the runtime's are."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from collectors.etw import collector as under_test
from collectors.etw.collector import EtwCollector
from collectors.etw.inbox import Inbox
from collectors.etw.machine import Seen
from collectors.etw.processkey import process_key
from collectors.etw.records import headers, walk
from collectors.etw.sessions import Owner
from collectors.etw.tracing import Lost
from collectors.etw.watch import Stream
from collectors.interface import CollectorError, Run, Wanted
from pipeline import schema
from tests import etl_writer as w
from tests.etw_events import events

DEVICE = "\\Device\\HarddiskVolume3"


class FakeTrace:
    def __init__(self, world, name):
        self._world, self.name, self.reading = world, name, True

    def start(self):
        kind = self.name.split("-")[1]
        if kind in self._world.refused:
            raise CollectorError(f"session {kind} is refused")
        self._world.running.append(self.name)
        for event in self._world.at_start.get(kind, ()):
            self._world.streams[kind].inbox.put((0, event.pointer))

    def ask(self):
        return self._world.lost

    def flush(self):
        """Nothing waits."""

    def stop(self):
        if self.name not in self._world.running:
            return None
        self._world.running.remove(self.name)
        return self._world.lost


class World:
    """Sessions, processes, and what the system answers."""

    def __init__(self, monkeypatch):
        self.refused, self.at_start, self.running, self.streams, self.stopped = set(), {}, ["lictor-act-9-9"], {}, []
        self.lost = Lost()
        self.processes = [
            Seen(4, 0, 1, "System"),
            Seen(500, 4, w.START - 10**7, "shell.exe"),
            Seen(os.getpid(), 500, w.START, "python.exe"),
        ]
        monkeypatch.setattr(under_test, "stream", self.stream)
        monkeypatch.setattr(under_test.machine, "processes", lambda: self.processes)
        monkeypatch.setattr(under_test.machine, "volumes", lambda: [(DEVICE, "C:")])
        monkeypatch.setattr(under_test.machine, "program", {500: "C:\\shell.exe"}.get)
        monkeypatch.setattr(under_test.machine, "boot_id", lambda: "boot")
        monkeypatch.setattr(under_test.tracing, "running", lambda: list(self.running))
        monkeypatch.setattr(under_test.tracing, "stop_by_name", self.stopped.append)

    def stream(self, session, name):
        self.streams[session.kind] = Stream(session, FakeTrace(self, name), Inbox())
        return self.streams[session.kind]

    def tell(self, kind, *records):
        for event in made(records):
            self.streams[kind].inbox.put((0, event.pointer))


def made(records):
    data = np.frombuffer(b"".join(records), np.uint8)
    found = headers(data, walk(data))
    return events(data, found, found["time"] - w.FIRST + w.START)


def begun(pid, parent, created=w.START):
    return Seen(pid, parent, created, "x.exe")


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


@pytest.fixture
def collector(world):
    made_ = EtwCollector()
    made_.open()
    yield made_
    made_.close()


def rows_of(collector, seconds=0.1):
    end = time.monotonic() + seconds
    rows = []
    for batch in collector.batches(lambda: time.monotonic() > end):
        batch.validate(full=True)
        rows += schema.conform(batch, "activity").to_pylist()
    return rows


def test_sessions_of_the_dead_are_stopped_and_its_own_carry_its_name(world, collector):
    assert world.stopped == ["lictor-act-9-9"]
    mine = Owner(os.getpid(), w.START)
    assert [mine.name(s.session) for s in collector._streams] == world.running[1:]
    assert [s.session.kind for s in collector._streams] == ["sys", "proc", "act"]


def test_a_run_has_the_rows_of_its_processes_and_of_those_they_start(world, collector):
    number = collector.add_run(Run("r1", "codex"))
    world.processes.append(begun(1000, 500, w.START + 5))
    collector.tag(1000, number)
    world.tell(
        "proc", w.started(1004, 1000, DEVICE + "\\cmd.exe", 50), w.started(2000, 500, DEVICE + "\\other.exe", 60)
    )
    world.tell("sys", w.command(1004, 1000, "cmd.exe", "cmd.exe /c x", 51))
    world.tell("act", w.opened(1, DEVICE + "\\mine", 70, pid=1004), w.opened(2, DEVICE + "\\theirs", 71, pid=2000))
    rows = rows_of(collector)
    assert [(r["operation"], r["pid"], r["path"]) for r in rows] == [
        ("exec", 1004, "C:\\cmd.exe"),
        ("file.open", 1004, "C:\\mine"),
    ]
    assert {(r["agent_run"], r["agent"], r["source"], r["boot_id"]) for r in rows} == {("r1", "codex", "etw", "boot")}
    assert rows[0]["cmdline"] == "cmd.exe /c x"
    assert rows[0]["process_key"] == process_key("boot", w.START + 50, 1004)
    assert rows[0]["parent_key"] == process_key("boot", w.START + 5, 1000)
    assert collector.received() == {"process": 1, "file": 1}


def test_who_was_there_before_is_known_with_its_program(world, collector):
    collector.tag(500, collector.add_run(Run("r1", None)), running=True)
    world.tell("act", w.opened(1, DEVICE + "\\f", 70, pid=500))
    (row,) = rows_of(collector)
    assert (row["exe"], row["process_key"]) == ("C:\\shell.exe", process_key("boot", w.START - 10**7, 500))
    assert row["parent_key"] == process_key("boot", 1, 4)


def test_a_start_of_which_only_the_command_line_is_told_gets_the_systems_creation_time(world, collector):
    collector.tag(500, collector.add_run(Run("r1", None)), running=True)
    world.processes.append(begun(1004, 500, w.START + 43))
    world.tell("sys", w.command(1004, 500, "cmd.exe", "cmd.exe /c x", 50))
    (row,) = rows_of(collector)
    assert (row["cmdline"], row["process_key"]) == ("cmd.exe /c x", process_key("boot", w.START + 43, 1004))


def test_a_pid_that_is_another_ones_by_now_lends_no_creation_time(world, collector):
    collector.tag(500, collector.add_run(Run("r1", None)), running=True)
    world.processes.append(begun(1004, 500, w.START + 10**9))
    world.tell("sys", w.command(1004, 500, "cmd.exe", "cmd.exe /c x", 50))
    (row,) = rows_of(collector)
    assert row["process_key"] == process_key("boot", w.START + 50, 1004)


def test_records_wait_for_older_ones_of_another_session(world, monkeypatch):
    monkeypatch.setattr(under_test, "HOLD_S", 0.2)
    collector = EtwCollector()
    collector.open()
    collector.tag(500, collector.add_run(Run("r1", None)), running=True)
    now = under_test._filetime() - w.START
    world.tell("act", w.opened(1, "C:\\f", now, pid=500))
    batches = collector.batches(lambda: False)
    assert next(batches).num_rows == 0
    world.tell("proc", w.started(1004, 500, "C:\\x.exe", now - 10))
    found = []
    while len(found) < 2:
        found += schema.conform(next(batches), "activity").to_pylist()
    assert [r["operation"] for r in found] == ["exec", "file.open"]
    assert time.time_ns() - found[-1]["time_ns"] >= 0.2e9
    collector.close()


def test_strangers_are_told_of_as_candidates_and_join_when_tagged(world):
    candidates = []
    collector = EtwCollector(Wanted(on_candidates=candidates.extend))
    collector.open()
    world.tell(
        "proc",
        w.started(1000, 500, "C:\\codex.exe", 50),
        w.started(1004, 1000, "C:\\cmd.exe", 60),
        w.started(2000, 500, "C:\\y.exe", 70),
    )
    world.tell("sys", w.command(1000, 500, "codex.exe", '"codex.exe" --yolo', 51))
    batches = collector.batches(lambda: False)
    assert next(batches).num_rows == 0
    assert [(c.pid, c.argv) for c in candidates] == [(1000, ["codex.exe", "--yolo"]), (1004, []), (2000, [])]
    assert candidates[0].process_key == process_key("boot", w.START + 50, 1000)
    world.processes.append(begun(1000, 500, w.START + 50))
    collector.tag(1000, collector.add_run(Run("r1", "codex")), running=True)
    found = []
    while not found:
        found = schema.conform(next(batches), "activity").to_pylist()
    assert [(r["pid"], r["agent_run"], r["seq"]) for r in found] == [(1000, "r1", 1), (1004, "r1", 2)]
    assert rows_of(collector) == []
    collector.close()


def test_members_are_those_that_live(world, collector):
    number = collector.add_run(Run("r1", None))
    world.processes += [begun(1000, 500), begun(1004, 1000, w.START + 1)]
    collector.tag(1000, number)
    assert [pid for pid, _ in collector.members(number)] == [1000, 1004]
    assert collector.programs(number) == {1000: "x.exe", 1004: "x.exe"}
    assert (collector.tagged(1004), collector.tagged(500), collector.tagged(77)) == (number, 0, 0)
    world.processes.pop()
    assert [pid for pid, _ in collector.members(number)] == [1000]
    collector.end_run(number)
    assert collector.members(number) == []
    with pytest.raises(CollectorError, match="77 cannot be tagged"):
        collector.tag(77, number)


def test_losses_are_told_and_the_last_ones_after_the_end(world, collector):
    world.lost = Lost(3)
    collector._streams[0].told.append(Lost(3))
    collector._streams[1].told += [None, Lost(1)]
    collector._streams[2].inbox.dropped = 5
    reasons = {r["reason"]: r["lost"] for r in collector.health().to_pylist() if r["class"] == "health"}
    assert reasons == {"sys_events_lost": 3, "proc_session_stopped": None, "proc_events_lost": 1, "act_queue_full": 5}
    collector.close()
    reasons = {r["reason"]: r["lost"] for r in collector.health().to_pylist() if r["class"] == "health"}
    assert reasons == {"proc_events_lost": 2, "act_events_lost": 3}


def test_files_that_were_open_before_have_names(world):
    rundown = w.event(
        "90cbdc39-4a3e-11d1-84f4-0000f80464e3",
        0,
        2,
        (0xF1).to_bytes(8, "little") + w.wide(DEVICE + "\\old"),
        5,
        opcode=36,
        classic=True,
    )
    world.at_start["names"] = made([rundown])
    collector = EtwCollector()
    collector.open()
    collector.tag(500, collector.add_run(Run("r1", None)), running=True)
    world.tell("act", w.moved(0xF1, 100, 70, write=True, pid=500))
    (row,) = rows_of(collector)
    assert (row["operation"], row["path"]) == ("file.write", "C:\\old")
    assert not [name for name in world.running if "names" in name]
    collector.close()


def test_what_cannot_be_had_is_a_note_and_what_must_be_is_an_error(world):
    world.refused = {"sys", "names"}
    collector = EtwCollector()
    collector.open()
    assert ["command lines" in collector.notes[0], "no path" in collector.notes[1]] == [True, True]
    collector.close()
    world.refused = {"act"}
    with pytest.raises(CollectorError, match="act is refused"):
        EtwCollector().open()
    assert world.running == ["lictor-act-9-9"]


def test_what_the_watching_thread_says_is_said_by_the_one_that_serves(world):
    told = []
    collector = EtwCollector(Wanted(report=told.append))
    collector.open()
    collector._lines.append("a session is gone")
    next(collector.batches(lambda: False))
    assert told == ["a session is gone"]
    collector.close()


def test_fills_are_named_by_session(collector):
    assert collector.fills() == {"sys": 0.0, "proc": 0.0, "act": 0.0}
