from __future__ import annotations

from pathlib import Path

import pytest

from enforcer.vault.record import VaultError
from enforcer.windows import moving
from enforcer.windows.give_back import purge, restore
from enforcer.windows.vault import WindowsVault
from tests.windows_files import THEIRS


@pytest.fixture
def vault(tmp_path, windows_files):
    return WindowsVault(str(tmp_path / "vault"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.exe"
    path.write_bytes(b"bad")
    path.chmod(0o640)
    return path


@pytest.fixture
def taken(vault, file):
    return vault.take(vault.intend(str(file), {}, "d-1"))


def test_a_restored_file_is_what_it_was(vault, file, taken, windows_files):
    back = restore(vault, taken.id, deed="d-2")
    assert (back.state, back.deed, back.note) == ("restored", "d-2", "")
    assert (file.read_bytes(), file.stat().st_mode & 0o777, file.stat().st_mtime_ns) == (
        b"bad", 0o640, taken.traits.mtime_ns,
    )  # fmt: skip
    assert windows_files.lists[str(file)] == THEIRS
    with pytest.raises(VaultError, match="not in the vault"):
        restore(vault, taken.id)


def test_what_did_not_read_back_stands_in_the_record(vault, taken, windows_files):
    windows_files.note = "its owner reads back as another"
    assert restore(vault, taken.id).note == vault.read(taken.id).note == windows_files.note


def test_a_restore_replaces_nothing_and_the_file_stays(vault, file, taken):
    file.write_bytes(b"new")
    with pytest.raises(VaultError, match="is not replaced"):
        restore(vault, taken.id, deed="d-2")
    assert vault.read(taken.id) == taken
    assert file.read_bytes() == b"new"
    restore(vault, taken.id, str(file.with_name("b.exe")))
    assert file.with_name("b.exe").read_bytes() == b"bad"


@pytest.mark.parametrize("error", [PermissionError("access denied"), VaultError("the copy reads back differently")])
def test_a_restore_that_fails_leaves_it_in_the_vault(vault, taken, monkeypatch, error):
    def fail(source, target, *, replace=True):
        if target.endswith("a.exe"):
            raise error
        Path(source).replace(target)

    monkeypatch.setattr(moving, "move", fail)
    with pytest.raises(VaultError, match=f"{error}; it stays in the vault"):
        restore(vault, taken.id)
    assert vault.read(taken.id) == taken
    assert Path(vault.place(taken)).exists()


def test_content_that_was_changed_comes_out_only_where_that_is_wanted(vault, file, taken):
    Path(vault.place(taken)).write_bytes(b"worse")
    with pytest.raises(VaultError, match="--even-if-changed"):
        restore(vault, taken.id)
    assert vault.read(taken.id).state == "taken"
    assert restore(vault, taken.id, even_if_changed=True).state == "restored"
    assert file.read_bytes() == b"worse"


def test_a_purge_leaves_the_record_alone(vault, taken):
    Path(vault.place(taken)).chmod(0o400)
    gone = purge(vault, taken.id, deed="d-3")
    assert (gone.state, gone.deed, vault.read(taken.id)) == ("purged", "d-3", gone)
    assert not Path(vault.place(taken)).exists()
    with pytest.raises(VaultError, match="not in the vault"):
        purge(vault, taken.id)
