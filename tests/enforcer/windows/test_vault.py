from __future__ import annotations

import os
from pathlib import Path

import pytest

from enforcer.vault.record import VaultError
from enforcer.windows import vault as module
from enforcer.windows.vault import WindowsVault
from tests.windows_files import SEALED


@pytest.fixture
def vault(tmp_path, windows_files):
    """The vault on this system's files."""
    made = WindowsVault(str(tmp_path / "vault"))
    made.lists = windows_files.lists
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


def test_taken_file_is_closed_and_has_no_extension(vault, file):
    place = vault.place(vault.take(vault.intend(str(file), {})))
    assert vault.lists[place] == SEALED
    assert Path(place).suffix == ""


def test_a_record_is_found_by_the_beginning_of_its_id(vault, file):
    record = vault.intend(str(file), {})
    assert vault.find(record.id[:6]) == record
    for begin in ("", "q-none"):
        with pytest.raises(VaultError, match="no quarantined files"):
            vault.find(begin)


def test_only_one_process_changes_things(vault, file, monkeypatch):
    def held(path, _patience):
        raise TimeoutError(f"{path} is held by another process")

    monkeypatch.setattr(module, "alone", held)
    with pytest.raises(VaultError, match="in use"), vault.locked():
        pytest.fail("it is held")


def test_folders_of_the_vault_are_closed_when_they_are_made(vault, file):
    vault.intend(str(file), {})
    assert vault.lists == dict.fromkeys(map(str, (vault.root, vault.root / "records", vault.root / "content")), SEALED)


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
