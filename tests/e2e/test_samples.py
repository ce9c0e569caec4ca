"""The recorded sessions replay to exactly the verdicts expected of them, and those say what the sessions did."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample-traces"
FOLDERS = sorted(p.parent.name for p in SAMPLES.glob("*/trace.parquet"))
KEY = "%/.ssh/id_ed25519"


def lictor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "lictor", *arguments], capture_output=True, text=True, check=False)


def rows(name: str, sql: str) -> list[tuple]:
    return duckdb.sql(sql.replace("trace", f"read_parquet('{SAMPLES / name / 'trace.parquet'}')")).fetchall()


def test_there_are_the_three_sessions():
    assert FOLDERS == ["attack", "build", "coding"]


@pytest.mark.parametrize("name", FOLDERS)
def test_replay_gives_exactly_the_expected_verdicts(name):
    done = lictor("replay", str(SAMPLES / name))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FOLDERS)
def test_policy_passes_its_own_tests(name):
    done = lictor("policy", "test", str(SAMPLES / name / "policy.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FOLDERS)
def test_another_expectation_is_noticed(name, tmp_path):
    expected = json.loads((SAMPLES / name / "expected.json").read_text())
    expected[0]["verdict"] = "kill"
    changed = tmp_path / "expected.json"
    changed.write_text(json.dumps(expected))
    done = lictor("replay", str(SAMPLES / name), "--expect", str(changed))
    assert done.returncode == 1
    assert "kill" in done.stdout + done.stderr


@pytest.mark.parametrize("name", FOLDERS)
def test_expected_counts_add_up_to_the_rows_of_the_trace(name):
    expected = json.loads((SAMPLES / name / "expected.json").read_text())
    assert sum(line["count"] for line in expected) == rows(name, "SELECT count(*) FROM trace")[0][0]


def test_every_road_to_the_key_was_denied():
    # The six roads of session.sh, counted from the script and not from the trace's own verdicts.
    roads = [line for line in (SAMPLES / "attack" / "session.sh").read_text().splitlines() if "id_ed25519" in line]
    reads = rows(
        "attack",
        f"SELECT count(*) FROM trace WHERE operation = 'file.read' AND (path LIKE '{KEY}' OR path LIKE '%/notes.txt')",
    )
    denied = rows("attack", "SELECT count(*) FROM trace WHERE rule = 'credentials' AND verdict = 'deny'")
    assert len(roads) == reads[0][0] == denied[0][0] == 6


@pytest.mark.parametrize("name", ["build", "coding"])
def test_benign_sessions_have_no_denial(name):
    assert rows(name, "SELECT count(*) FROM trace WHERE verdict IN ('deny', 'kill')") == [(0,)]


def test_rows_of_a_tool_call_carry_its_id():
    calls = {r[0] for r in rows("coding", "SELECT DISTINCT tool_call FROM trace WHERE tool_call IS NOT NULL")}
    assert calls == {"call_init", "call_test", "call_mend", "call_look"}
