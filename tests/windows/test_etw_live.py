"""The live collector over pywintrace: recorded events go the way of live ones and must become the rows that an import gives."""

from __future__ import annotations

import ctypes
import os
import threading
import time

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collectors.etw import machine
from collectors.etw.arguments import split
from collectors.etw.collector import EtwCollector
from collectors.etw.guids import PROVIDERS, name_of
from collectors.etw.inbox import Inbox
from collectors.etw.records import headers, walk
from collectors.etw.sessions import SESSIONS, SYSTEM
from collectors.etw.source import usable
from collectors.interface import CollectorError, Run, Wanted
from collectors.replay import etl_file
from collectors.replay.context import write_trace
from collectors.replay.etl import EtlCollector
from enforcer.windows import process
from pipeline import schema
from tests import etl_writer as w
from tests.corpus import corpus
from tests.etw_events import events
from tests.windows.fake_etw import FakeWindows

AGENT = 1000
DEVICE = "\\Device\\HarddiskVolume3"
OF_THE_FILE = {"boot_id", "host", "source", "seq", "agent_run", "agent", "initiator", "initiator_evidence"}
"""Columns that only one of the two ways knows, or knows in its own way."""


def kind_of(record) -> str:
    name = name_of(tuple(record["guid"].tolist()))
    return "proc" if name.endswith("Kernel-Process") else "sys" if name.startswith("SystemTrace") else "act"


def recorded(path, monkeypatch):
    """Events of a file by the session that they would come from, what the import makes of it, its reader, and its drives."""
    monkeypatch.setattr("collectors.replay.etl.CHUNK_BYTES", 1 << 30)
    monkeypatch.setattr("collectors.replay.etl.HELD_BYTES", 1 << 30)
    reader = EtlCollector(path)
    reader.open()
    feed = {session.kind: [] for session in SESSIONS}
    for data, records in reader._chunks(lambda: False):
        times = etl_file.filetimes(reader.header, records["time"])
        wanted = records["kind"] > 0
        for record, event in zip(records[wanted], events(data, records, times), strict=True):
            feed[kind_of(record)].append(event)
    drives = reader._volumes()
    reader.close()
    reader = EtlCollector(path)
    reader.open()
    rows = [row for batch in reader.batches(lambda: False) for row in schema.conform(batch, "activity").to_pylist()]
    reader.close()
    return feed, rows, reader, drives


@pytest.fixture
def windows(monkeypatch):
    """Function: a made-up kernel side with such events, put behind pywintrace."""
    return lambda feed=None: FakeWindows(feed).install(monkeypatch)


def drained(collector, fake):
    """Everything that the collector gives once all that is fed was handed over; each batch sound and in order of time."""
    for session in SESSIONS:
        assert fake.of(session.kind).delivered.wait(20)
    end = time.monotonic() + 0.3
    rows = []
    for batch in collector.batches(lambda: time.monotonic() > end):
        batch.validate(full=True)
        found = schema.conform(batch, "activity").to_pylist()
        assert [r["time_ns"] for r in found] == sorted(r["time_ns"] for r in found)
        rows += found
    return rows


def comparable(rows):
    """Rows without what only one way knows, in an order that does not depend on it."""
    return sorted(
        ({k: v for k, v in row.items() if v is not None and k not in OF_THE_FILE} for row in rows),
        key=lambda row: (row["time_ns"], row["operation"], str(row.get("path")), str(sorted(row.items(), key=str))),
    )


def lived(path, monkeypatch, windows):
    """Rows of the live way and of the import, of all processes that have a key; coverage; the collector; the import's counts."""
    feed, wanted, reader, drives = recorded(path, monkeypatch)
    monkeypatch.setattr(machine, "boot_id", lambda: f"etl:{reader.header.boot_time}")
    monkeypatch.setattr(machine, "processes", list)
    monkeypatch.setattr(machine, "volumes", lambda: drives)
    fake = windows(feed)
    collector = EtwCollector()
    collector.open()
    try:
        number = collector.add_run(Run("r1", "codex"))
        for row in wanted:
            if row["process_key"] is not None:
                collector._lineage.tag(row["process_key"], number)
        rows = drained(collector, fake)
        health = collector.health().to_pylist()
    finally:
        collector.close()
    return rows, [row for row in wanted if row["process_key"] is not None], health, collector, reader.counts.tally


def busy_trace():
    """A tree of two processes that does one of everything, told by all providers."""
    path = DEVICE + "\\Users\\a\\"
    return w.trace(
        [
            w.command(AGENT, 500, "codex.exe", "codex.exe --full-auto", 1_000, user=w.sid(21, 1, 2, 3, 1000)),
            w.started(AGENT, 500, DEVICE + "\\bin\\codex.exe", 1_010),
            w.started(1004, AGENT, DEVICE + "\\Windows\\System32\\cmd.exe", 20_000, sequence=77),
            w.command(1004, AGENT, "cmd.exe", 'cmd.exe /c "build it"', 20_100),
        ],
        [
            w.opened(0xF1, path + "in.txt", 30_000, pid=1004),
            w.moved(0xF1, 4096, 31_000, pid=1004),
            w.opened(0xF2, path + "out.txt", 40_000, disposition=5, pid=1004),
            w.moved(0xF2, 100, 41_000, write=True, pid=1004),
            w.connected(12, 1004, bytes([93, 184, 216, 34]), bytes([10, 0, 0, 5]), 443, 50_001, 50_000),
            w.connected(10, 1004, bytes([93, 184, 216, 34]), bytes([10, 0, 0, 5]), 443, 50_001, 51_000, size=1460),
            w.event(w.DNS, 3008, 0, w.wide("example.org") + bytes(12) + bytes(4) + w.wide("93.184.216.34;"), 52_000, pid=1004),
            w.event(w.FILE, 99, 9, b"what nobody knows", 53_000, pid=1004),
            w.event(w.NETWORK, 12, 0, b"short", 54_000, pid=1004),
            w.event(w.DNS, 3008, 0, w.wide("keyed.example") + bytes(16) + w.wide(""), 55_000, pid=1004, extended=w.extension(0x10, (77).to_bytes(8, "little"))),
            w.stopped(1004, 20_000, 3, 60_000),
            w.volume(DEVICE, "C:", 70_000),
        ],
    )  # fmt: skip


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "busy.etl"
    path.write_bytes(busy_trace())
    return path


def test_live_rows_are_those_of_the_import(trace, monkeypatch, windows):
    rows, wanted, health, collector, imported = lived(trace, monkeypatch, windows)
    assert len(wanted) >= 10
    assert comparable(rows) == comparable(wanted)
    assert {(r["agent_run"], r["agent"], r["initiator"]) for r in rows} == {("r1", "codex", "agent")}
    assert next(r["cmdline"] for r in rows if r["operation"] == "exec" and r["pid"] == 1004) == 'cmd.exe /c "build it"'
    tally = collector._decoder.tally
    assert (tally.unknown.total(), tally.malformed.total()) == (1, 1)
    assert (tally.unknown, tally.malformed, tally.decoded) == (imported.unknown, imported.malformed, imported.decoded)
    by_class = {row["class"]: row for row in health if row["reason"] == "none"}
    assert by_class["file"]["delivered"] == sum(r["class"] == "file" for r in rows)
    assert [row["lost"] for row in health if row["reason"] == "malformed"] == [1]


def test_real_recordings_give_the_rows_and_the_counts_of_the_import(monkeypatch):
    files = sorted(corpus("windows").rglob("*.etl"))
    assert files
    rows_of_all = 0
    for path in files:
        with monkeypatch.context() as patched:
            rows, wanted, _, collector, imported = lived(
                path, patched, lambda feed, p=patched: FakeWindows(feed).install(p)
            )
        assert comparable(rows) == comparable(wanted), path
        counted = collector._decoder.tally
        assert (counted.unknown, counted.malformed) == (imported.unknown, imported.malformed), path
        assert counted.decoded == imported.decoded, path
        rows_of_all += len(rows)
    assert rows_of_all


@pytest.fixture
def quiet(monkeypatch, windows):
    """A collector over a made-up kernel side that has nothing to tell, and that; open, and closed at the end."""
    fake = windows()
    told = []
    monkeypatch.setattr("collectors.etw.watch.ASK_S", 0.05)
    made = EtwCollector(Wanted(report=told.append))
    made.told = told
    made.open()
    yield made, fake
    made.close()


def wait_until(true, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_sessions_are_started_as_they_are_defined_and_stopped_at_the_end(quiet):
    collector, fake = quiet
    assert [name.split("-")[1] for name in fake.started] == ["sys", "proc", "act", "names"]
    assert [name.split("-")[1] for name in fake.stopped] == ["names"]
    for session in SESSIONS:
        found = fake.of(session.kind)
        has = found.properties
        assert (has.BufferSize, has.MinimumBuffers, has.MaximumBuffers) == (
            session.buffer_kib,
            session.least,
            session.most,
        )
        assert (has.LogFileMode, has.EnableFlags, has.FlushTimer) == (session.mode, session.flags, session.timer_s)
        assert has.Wnode.ClientContext == 1
        assert ctypes.string_at(ctypes.addressof(has.Wnode.Guid), 16).strip(b"\0") != b"" or session is not SYSTEM
        wanted = [
            (one.name, one.level, one.mask, one.properties, (0x80000200, 1, list(one.ids))) for one in session.providers
        ]
        assert [(PROVIDERS[guid], level, *rest) for guid, level, *rest in found.enabled] == wanted
    wait_until(lambda: fake.of("proc").flushes > 3)
    assert fake.of("act").flushes == 0
    collector.close()
    assert fake.sessions == {}
    assert not [t for t in threading.enumerate() if t.name == "etw-watch" or "_run" in t.name]


def test_what_sessions_lose_is_told_once_by_session_and_reason(quiet):
    collector, fake = quiet
    fake.of("act").lost = (3, 0, 0)
    fake.of("proc").lost = (0, 2, 1)
    wait_until(lambda: any(lost and lost.events == 3 for s in collector._streams for lost in s.told))
    lost = {row["reason"]: row["lost"] for row in collector.health().to_pylist() if row["class"] == "health"}
    assert lost == {"act_events_lost": 3, "proc_real_time_buffers_lost": None, "proc_log_buffers_lost": None}
    assert not [row for row in collector.health().to_pylist() if row["class"] == "health"]
    fake.of("act").lost = (5, 0, 0)
    collector.close()  # the last account is that of the stop
    assert [r["lost"] for r in collector.health().to_pylist() if r["reason"] == "act_events_lost"] == [2]


def test_session_that_somebody_stopped_is_tampering_and_begins_again(quiet):
    collector, fake = quiet
    before = fake.of("proc")
    fake.kill("proc")
    wait_until(lambda: any(name.split("-")[1] == "proc" for name in fake.sessions))
    assert fake.of("proc") is not before
    next(collector.batches(lambda: False))
    assert any("stopped by somebody else" in line for line in collector.told)
    wait_until(lambda: collector._streams[1].told.count(None) == 1 and collector._streams[1].told[-1] is not None)
    told = [row for row in collector.health().to_pylist() if row["reason"] == "proc_session_stopped"]
    assert [(row["class"], row["lost"]) for row in told] == [("health", None)]


def test_session_that_cannot_be_started_again_is_told_of_once_and_tried_on(quiet):
    collector, fake = quiet
    fake.refused["act"] = 5
    fake.kill("act")
    wait_until(lambda: len(collector._lines) == 2)
    time.sleep(0.2)
    assert len(collector._lines) == 2
    del fake.refused["act"]
    wait_until(lambda: any(name.split("-")[1] == "act" for name in fake.sessions))


def test_trace_that_cannot_be_opened_for_reading_is_an_error_and_leaves_no_session(windows):
    fake = windows()
    fake.deaf = True
    with pytest.raises(CollectorError, match="OpenTrace gives no handle"):
        EtwCollector().open()
    assert fake.sessions == {}
    assert "OpenTrace" in usable()
    assert fake.sessions == {}


def test_without_the_right_to_it_the_source_says_so(windows):
    fake = windows()
    fake.refused["proc"] = 5
    assert "administrator" in usable()
    with pytest.raises(CollectorError, match="administrator"):
        EtwCollector().open()
    assert fake.sessions == {}
    del fake.refused["proc"]
    assert usable() is None


def test_without_the_kernels_own_session_it_works_and_says_what_is_missing(windows):
    fake = windows()
    fake.refused["sys"] = fake.refused["names"] = 1314
    collector = EtwCollector()
    collector.open()
    assert [name.split("-")[1] for name in fake.sessions] == ["proc", "act"]
    assert ["command lines" in note or "files that were open" in note for note in collector.notes] == [True, True]
    collector.close()


def test_sessions_of_a_lictor_that_is_gone_are_stopped_and_those_of_a_living_one_are_not(windows):
    fake = windows()
    mine = next(one for one in machine.processes() if one.pid == os.getpid())
    living, dead = f"lictor-act-{mine.pid:x}-{mine.created:x}", f"lictor-act-{mine.pid:x}-{mine.created + 1:x}"
    other = "Circular Kernel Context Logger"
    for name in (dead, other):
        fake.foreign(name)
    collector = EtwCollector()
    collector.open()
    assert fake.stopped[0] == dead
    assert {living, other} <= fake.sessions.keys()
    collector.close()
    assert set(fake.sessions) == {other}


def test_without_a_made_up_kernel_side_wine_is_refused_by_trying():
    assert "OpenTrace" in usable()


def test_inbox_that_is_full_drops_and_counts(trace, monkeypatch, windows):
    feed, *_ = recorded(trace, monkeypatch)
    monkeypatch.setattr("collectors.etw.watch.Inbox", lambda: Inbox(most_records=2))
    windows(feed)
    collector = EtwCollector()
    collector.open()
    try:
        wait_until(
            lambda: sum(len(s.inbox) + s.inbox.dropped for s in collector._streams) == sum(map(len, feed.values()))
        )
        assert max(collector.fills().values()) == 1.0
        lost = {r["reason"]: r["lost"] for r in collector.health().to_pylist() if r["reason"].endswith("queue_full")}
        assert lost["act_queue_full"] == len(feed["act"]) - 2
    finally:
        collector.close()


def test_processes_of_a_run_are_known_by_the_enforcers_keys(quiet, start, count):
    collector, _ = quiet
    root = start("2", 3)
    number = collector.add_run(Run("r1", None))
    collector.tag(root.pid, number)
    members = dict(collector.members(number))
    assert members == {pid: process.key(pid) for pid in count.pids.values()}
    assert set(collector.programs(number).values()) == {"tree.exe"}
    assert [collector.tagged(pid) for pid in members] == [number] * 3
    assert collector.tagged(os.getpid()) == 0
    for pid, key in members.items():
        process.kill_process(pid, key, 2.0)
    wait_until(lambda: collector.members(number) == [])
    with pytest.raises(CollectorError, match="has ended"):
        collector.tag(root.pid, number)


def test_start_that_is_told_before_the_tag_belongs_to_the_run_all_the_same(windows, start):
    """A real process, with events about it that are made up: its exec comes first, the tag after that, then what it does."""
    pid = start("0", 1).pid
    tick = next(one for one in machine.processes() if one.pid == pid).created - w.START
    fake = windows({"proc": delivered([w.started(pid, os.getpid(), "C:\\tree.exe", tick)])})
    candidates = []
    collector = EtwCollector(Wanted(on_candidates=candidates.extend))
    collector.open()
    try:
        assert fake.of("proc").delivered.wait(10)
        batches = collector.batches(lambda: False)
        wait_until(lambda: next(batches).num_rows == 0 and candidates)
        assert [(c.pid, c.process_key, c.exe) for c in candidates] == [(pid, process.key(pid), "C:\\tree.exe")]
        collector.tag(pid, collector.add_run(Run("r1", "codex")))
        (event,) = delivered([w.opened(0xF1, "C:\\secret.txt", tick + 10_000, pid=pid)])
        collector._streams[2].inbox.put((0, event.pointer))
        rows = []
        while len(rows) < 2:
            rows += schema.conform(next(batches), "activity").to_pylist()
        assert [(r["operation"], r["agent_run"], r["process_key"]) for r in rows] == [
            ("exec", "r1", process.key(pid)), ("file.open", "r1", process.key(pid)),
        ]  # fmt: skip
        assert rows[0]["parent_exe"].endswith("python.exe")
    finally:
        collector.close()


def delivered(records):
    """Written records as events; their clock is that of the writer."""
    data = np.frombuffer(b"".join(records), np.uint8)
    found = headers(data, walk(data))
    return events(data, found, found["time"] - w.FIRST + w.START)


def test_a_command_line_is_taken_apart_as_windows_does():
    take_apart = ctypes.WinDLL("shell32").CommandLineToArgvW
    take_apart.restype = ctypes.POINTER(ctypes.c_wchar_p)
    lines = [
        'codex.exe --full-auto "a b" c', '"C:\\Program Files\\x.exe" \\\\server\\share "quoted \\"inner\\" text" tail\\', "x",
        'cmd.exe /c "build it"', 'x a\\\\\\"b c\\\\"d e" f', 'x ""', "x  \t two   blanks ", 'x "unclosed and more', "C:\\dir\\x.exe a\\b",
    ]  # fmt: skip
    for line in lines:
        count = ctypes.c_int()
        found = take_apart(ctypes.c_wchar_p(line), ctypes.byref(count))
        assert split(line) == [found[n] for n in range(count.value)], line


def test_live_rows_go_through_parquet_and_duckdb_on_windows(trace, monkeypatch, windows, tmp_path):
    rows, *_ = lived(trace, monkeypatch, windows)
    path = tmp_path / "rows.parquet"
    write_trace(schema.conform(schema_table(rows), "activity"), path, {"agent": "codex"})
    assert pq.read_metadata(path).num_rows == len(rows)
    asked = duckdb.sql(f"SELECT operation, count(*) FROM read_parquet('{path.as_posix()}') GROUP BY 1").fetchall()
    wanted = {}
    for row in rows:
        wanted[row["operation"]] = wanted.get(row["operation"], 0) + 1
    assert dict(asked) == wanted
    (line,) = duckdb.sql(
        f"SELECT path FROM read_parquet('{path.as_posix()}') WHERE agent_run = 'r1' AND operation = 'file.write' AND intent LIKE '%truncate'"
    ).fetchall()
    assert line == ("C:\\Users\\a\\out.txt",)


def schema_table(rows):
    return pa.Table.from_pylist(rows, schema=schema.lake_schema("activity"))
