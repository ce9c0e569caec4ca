from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lictor.detecting import schedule
from lictor.detecting.schedule import Options, choice_of, detect, line
from lictor.errors import DONE, FINDING, LictorError
from pipeline import schema
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter

ROOT = Path(__file__).parents[3]


def execs(*lines, first=0):
    """Programs that an agent started, one a second."""
    rows = [
        {"time": 1_790_000_000_000_000 + (first + i) * 1_000_000, "time_ns": (1_790_000_000_000_000 + (first + i) * 1_000_000) * 1000,
         "seq": first + i, "boot_id": "b", "source": "ebpf", "cpu": 0, "class": "process", "operation": "exec", "outcome": "success",
         "host": "vm", "agent_run": "run", "agent": "codex", "process_key": first + i, "pid": 1, "cmdline": text, "exe": "/usr/bin/" + text.split()[0]}
        for i, text in enumerate(lines)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema.lake_schema("activity"))


def fill(folder, part):
    with LakeWriter(folder, "vm") as writer:
        writer.append("activity", part)


def once(folder, **more):
    told = []
    status = detect(Options(folder, once=True, **more), told.extend)
    return status, told


def test_one_pass_with_lictors_own_hunts_writes_findings_with_evidence(tmp_path, capsys):
    fill(tmp_path, execs("ls -l", "useradd mallory", "cat x"))
    status, told = once(tmp_path)
    assert status == FINDING
    assert [f["rule"] for f in told] == ["hunt:account_changed"]
    [stored] = Lake(tmp_path).query("SELECT * FROM findings").to_pylist()
    assert stored == told[0]
    [proof] = json.loads(stored["evidence"])
    assert proof["seq"] == 1
    assert once(tmp_path) == (DONE, [])
    assert "3 new rows, 1 findings" in capsys.readouterr().err


def test_late_rows_are_looked_at(tmp_path):
    fill(tmp_path, execs("ls", first=1000))
    assert once(tmp_path)[0] == DONE
    fill(tmp_path, execs("useradd mallory", first=5))
    assert once(tmp_path)[0] == FINDING


def test_from_now_leaves_out_what_was_there(tmp_path):
    fill(tmp_path, execs("useradd mallory"))
    assert once(tmp_path, from_now=True)[0] == DONE
    fill(tmp_path, execs("useradd eve", first=5))
    assert once(tmp_path)[0] == FINDING


def test_a_bundle_of_rules_and_a_file_of_detections(tmp_path):
    from pipeline.sigma.bundle import dumps  # noqa: PLC0415 - only here
    from pipeline.sigma.compile import compile_folder  # noqa: PLC0415 - only here

    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yml").write_text(
        "title: List\nid: 11111111-1111-4111-8111-111111111111\nstatus: test\nlevel: low\n"
        "logsource: {category: process_creation, product: linux}\n"
        "detection: {s: {Image|endswith: /ls}, condition: s}\n"
    )
    (tmp_path / "bundle.json").write_text(dumps(compile_folder(rules)))
    config = tmp_path / "detections.yaml"
    config.write_text("detections: 1\nsigma: [bundle.json]\noff: ['hunt:*']\nchange: {'sigma:1*': {}}\n")
    with pytest.raises(LictorError, match=r"no detection 'sigma:1\*' to change"):
        choice_of(Options(tmp_path, config))
    config.write_text("detections: 1\nsigma: [bundle.json]\noff: ['hunt:*']\n")
    lake = tmp_path / "lake"
    lake.mkdir()
    fill(lake, execs("ls -l", "useradd mallory"))
    status, [told] = once(lake, config=config)
    assert status == FINDING
    assert told["rule"] == "sigma:11111111-1111-4111-8111-111111111111"
    with pytest.raises(LictorError, match="bundle"):
        choice_of(Options(lake, sigma=(tmp_path / "none.json",)))


def test_nothing_on_is_refused(tmp_path):
    config = tmp_path / "detections.yaml"
    config.write_text("detections: 1\noff: ['*']\n")
    with pytest.raises(LictorError, match="no detection is on"):
        detect(Options(tmp_path, config), print)


def test_a_line_is_harmless_on_a_terminal():
    finding = {
        "time": datetime(2026, 1, 2, tzinfo=UTC),
        "severity": "low",
        "rule": "r",
        "title": "a\x1b[2J",
        "agent_run": "run",
        "id": "i",
    }
    assert line(finding) == "2026-01-02T00:00:00+00:00 low r: a\\x1b[2J run run (i)"
    assert line(finding | {"time": None, "agent_run": None}).startswith("- low r")


def test_the_service_finds_what_comes_later_and_ends_with_a_signal(tmp_path):
    fill(tmp_path, execs("ls"))
    with subprocess.Popen(
        [sys.executable, "-m", "lictor", "detect", "--every", "1", "--lake", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as service:  # fmt: skip
        try:
            for text in service.stderr:
                if "looking every 1 s" in text:
                    break
            fill(tmp_path, execs("useradd mallory", first=9))
            told = service.stdout.readline()
            assert "hunt:account_changed" in told
        finally:
            service.send_signal(signal.SIGTERM)
            begin = time.monotonic()
            assert service.wait(120) == DONE
    assert time.monotonic() - begin < 110


def test_a_pass_that_fails_is_tried_again(tmp_path, monkeypatch, capsys):
    fill(tmp_path, execs("useradd mallory"))
    calls = []

    class Stop:
        def asked(self):
            return len(calls) >= 3

        def wait(self, _):
            return False

    class Flaky:
        def settle(self):
            return 0

        def run(self):
            calls.append(1)
            if len(calls) == 2:
                raise schedule.LakeError("the disk is full")
            return schedule.Passed(0, [])

    class Opened:
        def __enter__(self):
            return Flaky()

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(schedule, "_Stop", Stop)
    monkeypatch.setattr(schedule, "opened", lambda *_, **__: Opened())
    assert detect(Options(tmp_path), list) == DONE
    assert len(calls) == 3
    assert "the disk is full; the rows stay new" in capsys.readouterr().err
