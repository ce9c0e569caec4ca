"""``lictor quarantine`` on a vault of its own: list, restore, purge, and what stands in the lake afterwards."""

from __future__ import annotations

import json
import os

import pytest
from typer.main import get_command

from enforcer.interface import Order
from lictor.cli.quarantine import app
from lictor.errors import LictorError
from lictor.lake import open_lake
from lictor.quarantining import quarantine, vault_of


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def file(tmp_path, lake):
    path = tmp_path / "tool\x1b[2J"
    path.write_text("bad")
    path.chmod(0o755)
    lake.mkdir(mode=0o700)
    quarantine(vault_of(lake), Order("quarantine", "r-1", 11, 22, object=str(path), rule="tools"))
    return path


@pytest.fixture
def call(capsys, lake):
    """Runs one command of the group; gives standard output and standard error."""

    def run(*arguments):
        capsys.readouterr()
        get_command(app).main([*map(str, arguments), "--lake", str(lake)], standalone_mode=False)
        return capsys.readouterr()

    return run


def listed(call, *more):
    return json.loads(call("list", "--format", "json", *more).out)


def test_list_restore_and_what_the_lake_says(call, file, lake):
    [row] = listed(call)
    assert (row["path"], row["rule"], row["state"]) == (str(file), "tools", "taken")
    told = call("restore", row["id"]).out
    assert "restored to" in told
    assert "\x1b" not in told
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("bad", 0o755)
    assert listed(call) == []
    assert [r["state"] for r in listed(call, "--all")] == ["restored"]
    rows = open_lake(lake).query("SELECT phase, action, enforcement FROM actions ORDER BY time, phase").to_pylist()
    assert rows == [
        {"phase": "intent", "action": "restore", "enforcement": None},
        {"phase": "result", "action": "restore", "enforcement": "confirmed"},
    ]


def test_purge_by_the_beginning_of_an_id(call, file):
    [row] = listed(call)
    assert "purged" in call("purge", row["id"][:6]).out
    assert not os.path.exists(file)


def test_restore_elsewhere_and_never_over_a_file(call, file, tmp_path):
    [row] = listed(call)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(LictorError, match="exists and is not replaced"):
        call("restore", row["id"], "--to", tmp_path / "there")
    call("restore", row["id"], "--to", tmp_path / "new")
    assert ((tmp_path / "there").read_text(), (tmp_path / "new").read_text()) == ("mine", "bad")


def test_a_table_for_people(call, file):
    out = call("list").out
    assert "tools" in out
    assert "\x1b" not in out


def test_a_lake_without_a_vault(call):
    assert listed(call) == []
    with pytest.raises(LictorError, match="nothing was ever quarantined"):
        call("restore", "q-x")


def test_what_a_crash_left_behind_is_settled_first(call, file, lake):
    vault = vault_of(lake)
    [record] = vault.records()
    vault.write(record.now("purging"))
    with pytest.raises(LictorError, match="is not in the vault: purged"):
        call("restore", record.id)


def test_a_person_takes_a_file_and_gives_it_back(lictor, tmp_path):
    file, lake = tmp_path / "dropper", tmp_path / "own-lake"
    file.write_text("x")
    file.chmod(0o640)
    taken = lictor("quarantine", "take", file, "--lake", lake)
    assert taken.status == (0 if os.geteuid() == 0 else 1)
    assert not file.exists()
    (row,) = json.loads(lictor("quarantine", "list", "--lake", lake, "--format", "json").out)
    assert (row["path"], row["mode"]) == (str(file), "0640")
    assert lictor("quarantine", "restore", row["id"], "--lake", lake).status == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("x", 0o640)
    rows = json.loads(
        lictor(
            "sql", "select action, phase, enforcement from actions order by time", "--lake", lake, "--format", "json"
        ).out
    )
    assert [(r["action"], r["phase"]) for r in rows] == [
        ("quarantine", "intent"), ("quarantine", "result"), ("restore", "intent"), ("restore", "result"),
    ]  # fmt: skip


def test_a_file_that_is_not_there_cannot_be_taken(lictor, tmp_path):
    ended = lictor("quarantine", "take", tmp_path / "none", "--lake", tmp_path / "own-lake")
    assert ended.status == 1
    assert ended.out.startswith("failed: ")
