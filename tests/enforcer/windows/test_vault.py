from __future__ import annotations

import os
from pathlib import Path

import pytest

from enforcer.vault.record import VaultError
from enforcer.windows import moving, security
from enforcer.windows.vault import WindowsVault

SDDL = "O:BAG:BAD:P(A;;FA;;;BU)"


@pytest.fixture
def vault(tmp_path, monkeypatch):
    """The vault on this system's files; only access lists and the rename call are made up."""

    def move(source, target, *, replace=True):
        if not replace and Path(target).exists():
            raise FileExistsError(target)
        Path(source).replace(target)
        return False

    applied = {}
    monkeypatch.setattr(moving, "move", move)
    monkeypatch.setattr(security, "describe", lambda path: applied.get(path, (SDDL, True))[0])
    monkeypatch.setattr(security, "apply", lambda path, sddl, *, protected: applied.update({path: (sddl, protected)}))
    made = WindowsVault(str(tmp_path / "vault"))
    made.applied = applied
    return made


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.exe"
    path.write_bytes(b"x")
    return path


def test_record_is_there_before_the_file_is_touched(vault, file):
    record = vault.intend(str(file), {"run": "r1"}, "deed")
    assert vault.read(record.id) == record
    assert (record.state, record.deed, file.exists()) == ("intended", "deed", True)


def test_taken_file_is_closed_and_restored_with_its_own_access_list(vault, file):
    record = vault.take(vault.intend(str(file), {}))
    place = vault.place(record)
    assert vault.applied[place] == (security.SEALED, True)
    assert Path(place).suffix == ""
    assert vault.restore(record.id).state == "restored"
    assert vault.applied[str(file)] == (SDDL, True)
    with pytest.raises(VaultError, match="not in the vault"):
        vault.restore(record.id)


def test_folders_of_the_vault_are_closed_when_they_are_made(vault, file):
    vault.intend(str(file), {})
    assert {path for path, (sddl, _) in vault.applied.items() if sddl == security.SEALED} == {
        str(vault.root), str(vault.root / "records"), str(vault.root / "content")
    }  # fmt: skip


def test_folders_and_links_are_not_taken(vault, file, tmp_path):
    os.symlink(file, tmp_path / "link")
    for path in (tmp_path, tmp_path / "link"):
        with pytest.raises(VaultError, match="no regular file"):
            vault.intend(str(path), {})


def test_records_are_listed_by_age_and_half_written_ones_are_none(vault, tmp_path):
    ids = []
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(b"x")
        ids.append(vault.intend(str(tmp_path / name), {}).id)
    (vault.root / "records" / "q-0.new").write_text("{")
    assert [record.id for record in vault.records()] == ids
    vault.clear()
    assert sorted(path.suffix for path in (vault.root / "records").iterdir()) == [".json", ".json"]
