"""A case recorded anew is one that its hunt finds; what is peculiar to the machine is not in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from collectors.ebpf.collector import OBJECT
from tools import record_hunt_cases as recorder

ROW = {
    "time_ns": 5,
    "seq": 1,
    "cpu": 0,
    "operation": "file.read",
    "agent_run": "r1",
    "path": "/home/dev/x",
    "agent": "codex",
    "host": "real",
}


def test_what_says_nothing_is_left_out_and_time_begins_anew():
    rows = [
        ROW,
        ROW | {"path": "/usr/lib/x.so", "time_ns": 6},
        ROW | {"operation": "exec", "path": "/usr/bin/ls", "time_ns": 8},
    ]
    kept = list(recorder.tidy([dict.fromkeys(recorder.KEPT) | r for r in rows], "positive"))
    assert [r["operation"] for r in kept] == ["file.read", "exec"]
    assert [r["time_ns"] - recorder.BEGIN_NS for r in kept] == [0, 3]
    assert {r["agent_run"] for r in kept} == {"positive"}
    assert "host" not in kept[0]


def test_a_second_run_has_a_name_of_its_own():
    rows = [dict.fromkeys(recorder.KEPT) | ROW, dict.fromkeys(recorder.KEPT) | ROW | {"agent_run": "r2"}]
    assert [r["agent_run"] for r in recorder.tidy(rows, "negative")] == ["negative", "negative_next"]


def test_comments_are_read():
    assert recorder.pairs("a=1 b~'x y' c=p=q") == {"a": "1", "b~": "x y", "c": "p=q"}


@pytest.mark.parametrize("scenario", recorder.scenarios([]), ids=lambda p: p.stem)
def test_each_scenario_says_what_is_to_be_found_and_what_makes_the_miss_a_near_one(scenario):
    comments = recorder.said(scenario)
    assert recorder.pairs(comments["finds"])
    assert len(comments["near miss"].split()) > 2
    text = scenario.read_text("utf-8")
    assert all(f"\n{case}() {{" in text for case in recorder.CASES)


@pytest.mark.kernel
@pytest.mark.skipif(os.geteuid() != 0, reason="loading eBPF programs needs root")
@pytest.mark.skipif(not OBJECT.exists(), reason="the kernel sensor is not built (make sensor)")
def test_a_case_is_recorded(tmp_path, monkeypatch, capsys):
    target = tmp_path / "cases"
    monkeypatch.setattr(recorder, "CASES_FOLDER", target)
    recorder.main(["shell_startup_written"])
    assert "shell_startup_written.negative.jsonl" in capsys.readouterr().out
    header, *rows = map(json.loads, (target / "shell_startup_written.positive.jsonl").read_text("utf-8").splitlines())
    assert header["finds"]["target"] == "/home/dev/.bashrc"
    assert any(r["operation"] == "file.create" and r["path"] == "/home/dev/.bashrc" for r in rows)
    here = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    assert here not in json.dumps([header, *rows])
    assert not any(str(r.get("path")).startswith("/usr/lib/") for r in rows)
