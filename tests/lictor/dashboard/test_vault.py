"""The vault from the dashboard: what is in it, and the two ways out, each with its rows."""

from __future__ import annotations

import os
import stat

import pytest

from dashboards.interface import Account, DashboardError, Role
from lictor import quarantining
from lictor.dashboard.vault import LakeVault
from pipeline.lake.reader import Lake
from pipeline.lake.writer import LakeWriter

ANN = Account("ann", Role.responder, "local")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def writer(folder):
    with LakeWriter(folder, "box") as writer:
        yield writer


@pytest.fixture
def vault(writer):
    return LakeVault(writer)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text("content")
    file.chmod(0o640)
    return file


@pytest.fixture
def taken(writer, file):
    """Id of a file that was taken away."""
    quarantining.by_hand(quarantining.vault_of(writer.root), str(file), lambda rows: writer.append("actions", rows))
    (row,) = quarantining.listed(quarantining.vault_of(writer.root)).to_pylist()
    return row["id"]


def actions(folder):
    rows = Lake(folder).query(
        "SELECT action, phase, actor, enforcement FROM actions WHERE action <> 'quarantine' ORDER BY time, phase"
    )
    return [tuple(row.values()) for row in rows.to_pylist()]


def test_lake_without_a_vault_has_nothing_in_it(vault, writer):
    assert vault.listed() == []
    assert not (writer.root / "quarantine").exists()


def test_what_is_in_it_is_listed(vault, taken, file):
    (row,) = vault.listed()
    assert (row["id"], row["path"], row["state"]) == (taken, str(file), "taken")


def test_restored_file_is_what_it_was_and_the_rows_say_who(vault, taken, file, folder):
    assert not file.exists()
    line = vault.restore(taken, ANN, "false alarm")
    assert str(file) in line
    assert file.read_text() == "content"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o640
    assert actions(folder) == [
        ("restore", "intent", "dashboard: ann", None), ("restore", "result", "dashboard: ann", "confirmed"),
    ]  # fmt: skip


def test_purged_file_is_gone(vault, taken, file, folder):
    assert "is gone from the vault" in vault.purge(taken, ANN, "kept too long")
    assert vault.listed() == []
    assert not file.exists()
    assert [row[:3] for row in actions(folder)] == [
        ("purge", "intent", "dashboard: ann"),
        ("purge", "result", "dashboard: ann"),
    ]


def test_file_that_would_overwrite_another_stays(vault, taken, file, folder):
    file.write_text("another one")
    with pytest.raises(DashboardError) as told:
        vault.restore(taken, ANN, "")
    assert "\n" not in str(told.value)
    assert file.read_text() == "another one"
    assert actions(folder)[-1][-1] == "failed"


def test_what_is_not_in_it_is_told(vault):
    with pytest.raises(DashboardError):
        vault.restore("nosuch", ANN, "")
