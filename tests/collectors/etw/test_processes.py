from __future__ import annotations

import struct

import numpy as np

from collectors.etw.decoder import Decoder
from collectors.etw.identity import process_keys
from collectors.etw.machine import Seen
from collectors.etw.processes import SAME_START
from collectors.etw.records import headers, walk
from tests.etl_writer import FIRST, PROCESS, START, command, event, extension, opened, sid, started, stopped

NOTEPAD = "\\Device\\HarddiskVolume3\\Windows\\notepad.exe"


def by(rows, operation):
    return [r for r in rows if r["operation"] == operation]


def test_a_tree_has_parents_programs_and_ends(decoded):
    rows = decoded(
        [
            started(200, 100, NOTEPAD, 10),
            started(300, 200, "\\SystemRoot\\cmd.exe", 20),
            stopped(300, 20, -1, 30),
            stopped(200, 10, 5, 40),
        ]
    )
    first, second = by(rows, "exec")
    assert (first["exe"], first["pid"], first["quality"]) == ("C:\\Windows\\notepad.exe", 200, "parent_unknown")
    assert second["parent_key"] == first["process_key"]
    assert second["parent_exe"] == "C:\\Windows\\notepad.exe"
    ends = {r["pid"]: r for r in by(rows, "exit")}
    assert ends[300]["exit_code"] == -1
    assert ends[200]["process_key"] == first["process_key"]


def test_the_command_line_of_the_other_provider_joins_the_same_start(decoded):
    rows = decoded(
        [
            command(200, 100, "notepad.exe", "notepad.exe secret.txt", 9, user=sid(21, 1, 1000)),
            started(200, 100, NOTEPAD, 10),
        ]
    )
    (one,) = by(rows, "exec")
    assert (one["exe"], one["cmdline"], one["user"]) == (
        "C:\\Windows\\notepad.exe",
        "notepad.exe secret.txt",
        "S-1-5-21-1-1000",
    )
    rows = decoded([started(400, 100, NOTEPAD, 50)], [command(400, 100, "notepad.exe", "late", 51)])
    assert len({r["process_key"] for r in rows}) == 1


def test_a_pid_that_is_used_again_is_another_process(decoded):
    rows = decoded(
        [
            started(200, 100, NOTEPAD, 10),
            stopped(200, 10, 0, 20),
            started(200, 100, "\\SystemRoot\\b.exe", 30_000_000),
            stopped(200, 30_000_000, 1, 40_000_000),
        ]
    )
    a, b = by(rows, "exec")
    x, y = by(rows, "exit")
    assert a["process_key"] == x["process_key"] != b["process_key"] == y["process_key"]
    assert y["exe"] == "C:\\Windows\\b.exe"


def test_who_created_it_leads_over_whom_it_names_as_parent(decoded):
    rows = decoded(
        [started(200, 4, NOTEPAD, 1), started(300, 4, NOTEPAD, 2), started(500, 300, NOTEPAD, 30, creator=200)]
    )
    last = by(rows, "exec")[-1]
    assert last["parent_key"] == by(rows, "exec")[0]["process_key"]
    assert last["content"] == "parent pid 300"


def test_all_versions_of_a_start_say_the_same(decoded):
    for version in (0, 1, 2, 3):
        (one,) = decoded([started(200 + version, 100, NOTEPAD, 10 + version, version=version)])
        assert (one["pid"], one["exe"]) == (200 + version, "C:\\Windows\\notepad.exe")


def test_a_rundown_tells_of_what_ran_before(decoded):
    rows = decoded([started(300, 200, NOTEPAD, 20), command(200, 4, "explorer.exe", "explorer", 30, opcode=4)])
    (one,) = by(rows, "exec")
    assert one["parent_exe"] == "explorer.exe"
    assert [(s["pid"], s["cmdline"], s["process_key"]) for s in decoded.snapshots] == [
        (200, "explorer", one["parent_key"])
    ]


def test_a_start_key_names_a_process_across_pids(decoded):
    key = extension(0x10, struct.pack("<Q", 3 << 48 | 77))
    stop = struct.pack("<IqqIIIQQQIIIII", 200, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0) + b"x\0"
    rows = decoded(
        [
            started(200, 100, NOTEPAD, 10, sequence=77),
            event(
                PROCESS,
                5,
                0,
                struct.pack("<QQIIIQ", 1, 2, 200, 0, 0, 0) + "C:\\x.dll\0".encode("utf-16-le"),
                20,
                pid=9,
                extended=key,
            ),
            event(PROCESS, 2, 1, stop, 30),
        ]
    )
    assert {r["process_key"] for r in rows} == {rows[0]["process_key"]}


def test_thousands_of_chunks_keep_memory_bounded(decoded, monkeypatch):
    monkeypatch.setattr("collectors.etw.processes.MOST_PIDS", 10)
    decoded.decoder._processes._by_pid._limit = decoded.decoder._processes._by_sequence._limit = 10
    decoded(*([started(1000 + n, 100, f"\\SystemRoot\\{n}.exe", n)] for n in range(100)))
    known = decoded.decoder._processes._known
    assert len(known) < 35
    assert len(known.pool) < 40
    (last,) = decoded([stopped(1099, 99, 0, 200)])
    assert last["exe"] == "C:\\Windows\\99.exe"


def known(decoded, *processes):
    """Tell of processes that are there: (pid, parent, created)."""
    decoded.decoder.know(
        [Seen(pid, parent, START + created, "") for pid, parent, created in processes], {100: "C:\\a.exe"}.get
    )


def test_who_is_there_already_acts_under_its_own_key_and_program(decoded):
    known(decoded, (100, 50, 5), (50, 4, 3), (60, 100, 4))
    rows = decoded([opened(1, "C:\\f", 10, pid=100), opened(2, "C:\\g", 11, pid=60)])
    assert [(r["process_key"], r.get("exe")) for r in rows] == [
        (process_keys("boot", np.array([START + created]), np.array([pid]))[0], exe) for pid, created, exe in ((100, 5, "C:\\a.exe"), (60, 4, None))
    ]  # fmt: skip
    assert rows[0]["parent_key"] == process_keys("boot", np.array([START + 3]), np.array([50]))[0]
    assert "parent_key" not in rows[1]  # its parent's pid is that of a younger one


def test_what_an_event_told_is_not_forgotten_for_a_look(decoded):
    decoded([command(100, 50, "a.exe", "a.exe --flag", 4), started(100, 50, "C:\\real.exe", 5)])
    known(decoded, (100, 50, 5))
    (row,) = decoded([stopped(100, 5, 0, 9)])
    assert (row["exe"], row["process_key"]) == (
        "C:\\real.exe",
        process_keys("boot", np.array([START + 5]), np.array([100]))[0],
    )


def test_a_pid_that_a_look_finds_given_out_again_is_another_process(decoded):
    decoded([started(100, 50, "C:\\first.exe", 5)])
    known(decoded, (100, 50, 5 + SAME_START))
    (row,) = decoded([opened(1, "C:\\f", 10 + 2 * SAME_START, pid=100)])
    assert row["exe"] == "C:\\a.exe"


def test_a_rundown_completes_who_is_known_already(decoded):
    known(decoded, (100, 50, 5))
    decoded([command(100, 50, "a.exe", "a.exe --flag", 7, opcode=3, user=sid(21, 1))])
    (row,) = decoded([opened(1, "C:\\f", 10, pid=100)])
    assert (row["exe"], row["user"]) == ("C:\\a.exe", "S-1-5-21-1")
    assert decoded.snapshots == []


def chunk_of(records):
    data = np.frombuffer(b"".join(records), np.uint8)
    found = headers(data, walk(data))
    return data, found, found["time"] - FIRST + START


def test_the_system_is_asked_for_creation_times_that_no_event_has():
    asked = []

    def created_of(pids):
        asked.append(pids.tolist())
        return np.array([{100: START + 3, 104: START + 10**9}.get(pid, 0) for pid in pids.tolist()])

    decoder = Decoder("boot", "etw", created_of=created_of)
    records = [command(pid, 50, "a.exe", "a", tick) for pid, tick in ((100, 5), (104, 6), (108, 7), (112, 8))]
    batch, _ = decoder.decode(*chunk_of([*records, started(112, 50, "C:\\a.exe", 9)]))
    assert asked == [[100, 104, 108]]
    wanted = [(100, 3), (104, 6), (108, 7), (112, 9)]
    assert batch.column("process_key").to_pylist() == [
        process_keys("boot", np.array([START + created]), np.array([pid]))[0] for pid, created in wanted
    ]
