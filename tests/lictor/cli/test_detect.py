from __future__ import annotations

import json

from lictor.cli.app import invoke
from lictor.errors import BAD_INPUT, DONE


def test_the_list_says_what_is_on_and_why_not(capsys):
    assert invoke(["detect", "--list", "--format", "json"]) == DONE
    rows = {r["id"]: r for r in json.loads(capsys.readouterr().out)}
    assert rows["hunt:account_changed"]["on"] is True
    assert rows["hunt:write_outside_workspace"]["on"] is False
    assert rows["hunt:write_outside_workspace"]["why"]
    assert rows["hunt:mass_delete"]["lookback"] == "5m"


def test_no_lake_and_a_bad_file_are_one_line_each(tmp_path, capsys):
    assert invoke(["detect", "--once", "--lake", str(tmp_path / "none")]) == BAD_INPUT
    assert "no lake there yet" in capsys.readouterr().err
    assert invoke(["detect", "--list", "--config", str(tmp_path / "none.yaml")]) == BAD_INPUT
    assert "cannot be read" in capsys.readouterr().err


def test_findings_come_as_json_too(tmp_path, capsys):
    import pyarrow as pa  # noqa: PLC0415 - only here

    from pipeline import schema  # noqa: PLC0415 - only here
    from pipeline.lake.writer import LakeWriter  # noqa: PLC0415 - only here

    row = {"time": 1_790_000_000_000_000, "class": "process", "operation": "exec", "outcome": "success", "agent_run": "r",
           "exe": "/usr/sbin/useradd", "cmdline": "useradd mallory", "seq": 1}  # fmt: skip
    with LakeWriter(tmp_path, "vm") as writer:
        writer.append("activity", pa.Table.from_pylist([row], schema.lake_schema("activity")))
    assert invoke(["detect", "--once", "--lake", str(tmp_path), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["rule"] == "hunt:account_changed"
