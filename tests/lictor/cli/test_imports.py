"""The command that takes recordings of Windows into a lake: its account, its exit status, and what the lake has then."""

from __future__ import annotations

import json

import pytest

from tests import etl_writer as w


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "x.etl"
    path.write_bytes(w.trace([w.started(20, 8, "\\SystemRoot\\cmd.exe", 1), w.opened(5, "C:\\a", 2, pid=20)], lost=4))
    return path


def test_json_is_one_object_and_the_lake_has_the_rows(lictor, trace, tmp_path):
    ended = lictor("import", trace, "--lake", tmp_path / "lake", "--format", "json")
    assert ended.status == 0
    found = json.loads(ended.out)
    assert {name: found[name] for name in ("records", "rows", "unknown", "lost", "errors")} == {
        "records": 3,
        "rows": 2,
        "unknown": [],
        "lost": 4,
        "errors": [],
    }
    rows = json.loads(
        lictor(
            "sql",
            "--lake",
            tmp_path / "lake",
            "--format",
            "json",
            "SELECT operation, exe, agent_run FROM activity ORDER BY seq, class",
        ).out
    )
    assert {r["operation"]: r["exe"] for r in rows} == {
        "exec": "C:\\Windows\\cmd.exe",
        "file.open": "C:\\Windows\\cmd.exe",
    }
    assert {r["agent_run"] for r in rows} == {found["files"][0]["run"]}


def test_the_same_file_and_a_copy_are_not_written_twice(lictor, trace, tmp_path):
    (tmp_path / "copy.etl").write_bytes(trace.read_bytes())
    first = json.loads(
        lictor("import", trace, tmp_path / "copy.etl", "--lake", tmp_path / "lake", "--format", "json").out
    )
    assert (first["records"], first["rows"], [f["known"] for f in first["files"]]) == (6, 2, [False, True])
    ended = lictor("import", trace, "--lake", tmp_path / "lake")
    assert ended.status == 0
    assert "already" in ended.out
    (count,) = json.loads(
        lictor("sql", "--lake", tmp_path / "lake", "--format", "json", "SELECT count(*) AS n FROM activity").out
    )
    assert count == {"n": 2}


def test_damage_ends_in_1_and_a_file_that_is_none_in_2(lictor, trace, tmp_path):
    damaged = bytearray(trace.read_bytes() + w.buffer([w.opened(1, "b", 9)], 2))
    damaged[65536 + 72 : 65536 + 74] = b"\0\0"
    (tmp_path / "y.etl").write_bytes(damaged)
    ended = lictor("import", tmp_path / "y.etl", "--lake", tmp_path / "lake")
    assert ended.status == 1
    assert "byte 65,608" in ended.out
    (tmp_path / "z.etl").write_bytes(b"none")
    ended = lictor("import", tmp_path / "z.etl", trace, "--lake", tmp_path / "lake", "--format", "json")
    assert ended.status == 2
    found = json.loads(ended.out)
    assert (found["rows"], len(found["errors"]), found["errors"][0]["offset"]) == (2, 1, 0)


def test_a_policy_that_cannot_be_read_leaves_the_lake_alone(lictor, trace, tmp_path):
    (tmp_path / "p.yaml").write_text("rules: nonsense")
    assert lictor("import", trace, "--policy", tmp_path / "p.yaml", "--lake", tmp_path / "lake").status == 2
    assert not (tmp_path / "lake").exists()
