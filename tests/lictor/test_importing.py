from __future__ import annotations

import struct

import pytest

from collectors.interface import CollectorError
from lictor import importing
from lictor.importing import Imported, Where
from pipeline import schema
from pipeline.policy.load import load_policy
from tests import etl_writer as w

POLICY = """
lictor: 1
name: windows
mode: audit
rules:
  - {id: keys, on: [file.read, file.open], action: deny, match: {path: "C:/Users/*/.ssh/**"}}
  - {id: shells, on: exec, action: audit, match: {exe: "**/cmd.exe"}}
  - {id: run-key, on: registry, action: deny, match: {path: "**/CurrentVersion/Run/**"}}
"""


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "x.etl"
    disk = "\\Device\\HarddiskVolume3"
    path.write_bytes(w.trace(
        [w.command(8, 4, "explorer.exe", "explorer", 0, opcode=3), w.started(20, 8, f"{disk}\\Windows\\System32\\cmd.exe", 1), w.opened(5, f"{disk}\\Users\\A\\.SSH\\id_rsa", 2, pid=20)],
        [w.opened(6, f"{disk}\\other", 3, pid=20), w.event(w.PROCESS, 999, 0, b"", 4), w.volume(disk, "C:", 5)], lost=2,
    ))  # fmt: skip
    return path


@pytest.fixture
def sink():
    class Sink(dict):
        def __call__(self, table, rows):
            self.setdefault(table, []).extend(schema.conform(rows, table).to_pylist())

    return Sink()


def policy(text: str = POLICY):
    return [load_policy(text, "policy.yaml")]


def test_a_file_becomes_a_run_judged_and_accounted_for(trace, sink):
    told = []
    made = importing.import_file(trace, policy(), Where(host="PC", agent="codex"), sink, told.append)
    rows = {(r["operation"], r["path"]): r for r in sink["activity"]}
    assert rows["file.open", "C:\\Users\\A\\.SSH\\id_rsa"]["verdict"] == "deny"
    assert rows["file.open", "C:\\other"]["verdict"] == "allow"
    assert rows["exec", "C:\\Windows\\System32\\cmd.exe"]["rule"] == "shells"
    assert {(r["agent_run"], r["host"], r["agent"]) for r in sink["activity"]} == {(made.run, "PC", "codex")}
    assert [(r["run"], r["source"], r["denied"]) for r in sink["runs"]] == [(made.run, "etw", 1)]
    assert {(p["pid"], p["exe"]) for p in sink["processes"]} == {
        (8, "explorer.exe"),
        (20, "C:\\Windows\\System32\\cmd.exe"),
    }
    assert [c["lost"] for c in sink["coverage"]] == [2]
    assert sum(told) == trace.stat().st_size
    found = importing.summary([made], trace)
    assert found["records"] == 7 == found["decoded"] + found["own"] + found["malformed"] + found["unknown_records"]
    assert found["unknown"] == [{"provider": "Microsoft-Windows-Kernel-Process", "id": 999, "version": 0, "count": 1}]
    assert (found["lost"], found["rows"], found["errors"], found["denied"], found["verdicts"]) == (
        2,
        3,
        [],
        1,
        {"audit": 1, "deny": 1, "allow": 1},
    )


def test_a_rule_on_the_registry(tmp_path, sink):
    body = (
        struct.pack("<QIII", 6, 0, 4, 4)
        + w.wide("\\REGISTRY\\MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run")
        + w.wide("x")
        + struct.pack("<HI", 4, 1)
        + bytes(10)
    )
    (tmp_path / "x.etl").write_bytes(w.trace([w.event(w.REGISTRY, 5, 0, body, 1)]))
    importing.import_file(tmp_path / "x.etl", policy(), Where(), sink)
    assert [(r["verdict"], r["rule"]) for r in sink["activity"]] == [("deny", "run-key")]


def test_files_that_cannot_be_read_are_told_apart(trace, tmp_path):
    (tmp_path / "bad.etl").write_bytes(b"no")
    found, refused = importing.runs([trace, tmp_path / "bad.etl"])
    assert list(found) == [trace]
    assert list(refused) == [tmp_path / "bad.etl"]
    summary = importing.summary([Imported(tmp_path / "bad.etl", refused="why")], tmp_path)
    assert (summary["records"], summary["error_count"], summary["errors"][0]["error"]) == (0, 1, "why")
    with pytest.raises(CollectorError):
        importing.import_file(tmp_path / "bad.etl", [], Where(), lambda *_: None)
