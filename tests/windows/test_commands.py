"""The other commands on Windows: what a person asks of a lake and of the machine there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.writer import LakeWriter

POLICY = "lictor: 1\nname: p\nrules:\n  - { id: keys, on: file.read, match: { path: '~/.ssh/**' }, action: deny }\n"


@pytest.fixture
def lictor(tmp_path):
    """Function: standard output of a command, which must end with the status that is expected."""

    def run(*words, status=0):
        done = subprocess.run(
            [sys.executable, "-m", "lictor", *map(str, words)], capture_output=True, text=True, timeout=90, cwd=tmp_path,
            stdin=subprocess.DEVNULL, check=False, env=os.environ | {"LICTOR_RUNTIME": str(tmp_path / "runtime")},
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stdout + (done.stderr if status else "")

    return run


@pytest.fixture
def lake(tmp_path):
    """A lake with a run, sealed in part: two deeds are in segments, one is in a log of a writer that is gone."""
    folder = tmp_path / "lake"

    def deeds(*names):
        rows = [{"id": name, "time": 1_790_000_000_000_000, "action": "kill", "phase": "intent"} for name in names]
        return pa.Table.from_pylist(rows, schema=schema.lake_schema("actions"))

    run = {
        "run": "r-1",
        "state": "ended",
        "time": 1_790_000_000_000_000,
        "started": 1_790_000_000_000_000,
        "agent": "tester",
    }
    with LakeWriter(folder, "host") as writer:
        writer.append("actions", deeds("a", "b"))
        writer.append("runs", pa.Table.from_pylist([run], schema=schema.lake_schema("runs")))
    writer = LakeWriter(folder, "host")
    writer.append("actions", deeds("c"))
    writer.sync()
    yield folder
    writer.close()


def test_sql_reads_segments_and_logs_as_one_table(lictor, lake):
    found = lictor("sql", "--lake", lake, "--format", "json", "SELECT id FROM actions ORDER BY id")
    assert [row["id"] for row in json.loads(found)] == ["a", "b", "c"]


def test_sql_changes_nothing_and_reads_nothing_else(lictor, lake, tmp_path):
    assert "read-only" in lictor("sql", "--lake", lake, f"COPY (SELECT 1) TO '{tmp_path}/x.csv'", status=2)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    assert "secret.csv" in lictor("sql", "--lake", lake, f"SELECT * FROM '{tmp_path}/secret.csv'", status=2)


def test_runs_are_listed(lictor, lake):
    assert "tester" in lictor("runs", "--lake", lake)


def test_policy_is_checked(lictor, tmp_path):
    (tmp_path / "p.yaml").write_text(POLICY)
    lictor("policy", "check", "p.yaml")
    (tmp_path / "p.yaml").write_text(POLICY.replace("action: deny", "action: nothing"))
    assert "p.yaml:4" in lictor("policy", "check", "p.yaml", status=2)


def test_pause_is_a_file_that_services_look_at(lictor, tmp_path):
    assert "paused" in lictor("pause", "--why", "a test")
    assert (tmp_path / "runtime" / "paused.json").exists()
    assert "resumed" in lictor("resume")


def test_doctor_does_each_deed_and_says_what_came_of_it(lictor):
    checks = {row["name"]: row for row in json.loads(lictor("doctor", "--format", "json"))}
    for name in (
        "administrator",
        "SeDebugPrivilege",
        "drives",
        "pywintrace",
        "job object",
        "suspend",
        "keeper",
        "Python",
        "lake",
    ):
        assert checks[name]["state"] == "ok", checks[name]
    assert "source portable" in checks
    assert not {"source ebpf", "BTF", "Landlock"} & checks.keys()
    # What follows Wine has not, and is said to have not; a Windows has it.
    assert checks["ETW session"]["state"] == "ok" or "OpenTrace gives no handle" in checks["ETW session"]["found"]
    assert checks["firewall"]["state"] == "ok" or "rules are not there after netsh ran" in checks["firewall"]["found"]
    assert checks["quarantine"]["found"].endswith("; then restored")
    assert checks["quarantine"]["state"] == "ok" or "access list reads back as" in checks["quarantine"]["found"]


def test_a_file_is_taken_away_listed_restored_and_purged(lictor, tmp_path):
    file, lake = tmp_path / "tool.exe", ("--lake", tmp_path / "lake")
    file.write_bytes(b"bad")

    def take():
        # Only where access lists are kept is anything confirmed.
        kept = not Path("Z:\\proc").is_dir()
        lictor("quarantine", "take", file, *lake, status=0 if kept else 1)
        assert not file.exists()
        (row,) = json.loads(lictor("quarantine", "list", *lake, "--format", "json"))
        assert (row["path"], row["state"], row["sha256"]) == (str(file), "taken", sha256(b"bad").hexdigest())
        return row["id"]

    assert str(file) in lictor("quarantine", "restore", take()[:6], *lake)
    assert file.read_bytes() == b"bad"
    assert "purged" in lictor("quarantine", "purge", take(), *lake)
    assert json.loads(lictor("quarantine", "list", *lake, "--format", "json")) == []
    told = json.loads(
        lictor("sql", *lake, "--format", "json", "SELECT action, phase FROM actions ORDER BY time, phase")
    )
    assert [row["action"] for row in told] == [
        a for a in ("quarantine", "restore", "quarantine", "purge") for _ in (0, 1)
    ]
    assert {row["phase"] for row in told} == {"intent", "result"}
