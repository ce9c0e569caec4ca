"""States that a crash or a start of Windows leaves, one by one, on this system's files; the calls of Windows are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.vault.record import VaultError
from enforcer.windows import moving
from enforcer.windows.reconcile import is_delayed, reconcile, unsettled
from enforcer.windows.vault import WindowsVault
from tests.windows_files import SEALED, THEIRS


@pytest.fixture
def vault(tmp_path, windows_files):
    """Its ``waiting`` are the paths that Windows has on its list for its next start, ``lists`` the access lists that were set."""
    made = WindowsVault(str(tmp_path / "vault"))
    made.lists, made.waiting = windows_files.lists, windows_files.waiting
    return made


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tool.exe"
    path.write_bytes(b"bad")
    return path


def states(vault):
    return [(before.state, now.state) for before, now in reconcile(vault)]


def test_nothing_to_do(vault, file):
    vault.take(vault.intend(str(file), {}))
    assert states(vault) == []
    assert unsettled(vault) == []


def test_a_file_that_had_reached_the_vault_stays_there_closed_and_with_its_hash(vault, file):
    record = vault.intend(str(file), {"run": "r1"}, "deed")
    file.rename(vault.place(record))
    assert [r.id for r in unsettled(vault)] == [record.id]
    ((before, now),) = reconcile(vault)
    assert (before, now.state, now.how, now.deed) == (record, "taken", "moved", "deed")
    assert now.sha256 == moving.sha256(vault.place(record))
    assert vault.lists[vault.place(record)] == SEALED
    assert states(vault) == []


def test_a_file_that_had_not_is_left_as_it_is(vault, file):
    vault.intend(str(file), {})
    ((_, now),) = reconcile(vault)
    assert (now.state, now.note) == ("undone", f"not quarantined: interrupted, it stays at {file}")
    assert file.read_bytes() == b"bad"


def test_a_file_that_is_nowhere_is_said_to_be_gone(vault, file):
    vault.intend(str(file), {})
    file.unlink()
    ((_, now),) = reconcile(vault)
    assert (now.state, "gone from" in now.note) == ("undone", True)


def test_another_file_that_was_caught_goes_back(vault, file):
    record = vault.intend(str(file), {})
    file.rename(file.with_name("away"))
    Path(vault.place(record)).write_text("innocent")
    assert states(vault) == [("intended", "undone")]
    assert file.read_text() == "innocent"


def test_another_file_whose_name_is_taken_stays_for_a_person(vault, file):
    record = vault.intend(str(file), {})
    file.rename(file.with_name("away"))
    Path(vault.place(record)).write_text("innocent")
    file.write_text("third")
    assert states(vault) == []
    assert [r.id for r in unsettled(vault)] == [record.id]
    assert (file.read_text(), Path(vault.place(record)).read_text()) == ("third", "innocent")


def other_volume(vault, record):
    return vault.write(replace(record, inode=(record.inode[0] + 1, record.inode[1])))


def test_a_copy_whose_original_is_there_still_is_given_up(vault, file, monkeypatch):
    record = other_volume(vault, vault.intend(str(file), {}))
    Path(vault.place(record)).write_bytes(b"ba")
    monkeypatch.setattr(
        "enforcer.windows.reconcile._number", lambda path: record.inode if path == str(file) else (1, 2)
    )
    assert states(vault) == [("intended", "undone")]
    assert not Path(vault.place(record)).exists()
    assert file.exists()


@pytest.mark.parametrize(("content", "note"), [(b"bad", ""), (b"ba", "2 of 3 bytes")])
def test_a_copy_whose_original_has_gone_is_kept_and_said_to_be_short_where_it_is(vault, file, content, note):
    record = other_volume(vault, vault.intend(str(file), {}))
    Path(vault.place(record)).write_bytes(content)
    file.unlink()
    ((_, now),) = reconcile(vault)
    assert (now.state, now.how, now.note) == ("taken", "copied", note)


def test_a_file_that_waits_for_the_next_start_waits_on(vault, file):
    record = vault.at_next_start(vault.intend(str(file), {}), "held by 8")
    assert is_delayed(record)
    assert states(vault) == []
    assert unsettled(vault) == [record]


def test_a_file_that_windows_took_at_its_start_is_closed_and_hashed(vault, file):
    record = vault.at_next_start(vault.intend(str(file), {}), "held by 8")
    vault.waiting.clear()
    file.rename(vault.place(record))
    ((_, now),) = reconcile(vault)
    assert (now.state, now.how, now.note) == ("taken", "moved", record.note)
    assert vault.lists[vault.place(record)] == SEALED


def test_a_file_that_windows_did_not_take_is_said_to_stay(vault, file):
    vault.at_next_start(vault.intend(str(file), {}), "held by 8")
    vault.waiting.clear()
    ((_, now),) = reconcile(vault)
    assert (now.state, now.note) == (
        "undone",
        f"not quarantined: Windows did not take it at its start, it stays at {file}",
    )


def test_a_file_that_was_taken_and_not_closed_is_closed(vault, file):
    record = vault.take(vault.intend(str(file), {}))
    vault.lists.clear()
    assert states(vault) == []
    assert vault.lists == {vault.place(record): SEALED}


def restoring(vault, file):
    record = vault.take(vault.intend(str(file), {}))
    return vault.write(record.now("restoring", to=str(file)))


def test_a_restore_that_had_moved_the_file_is_finished(vault, file):
    record = restoring(vault, file)
    Path(vault.place(record)).rename(file)
    assert states(vault) == [("restoring", "restored")]
    assert vault.lists[str(file)] == THEIRS


def test_a_restore_by_copy_that_was_whole_is_finished_and_leaves_nothing_in_the_vault(vault, file):
    record = restoring(vault, file)
    file.write_bytes(b"bad")
    assert states(vault) == [("restoring", "restored")]
    assert not Path(vault.place(record)).exists()


def test_a_restore_that_had_not_come_so_far_is_undone_and_says_where_a_part_may_lie(vault, file):
    restoring(vault, file)
    file.write_bytes(b"b")
    ((_, now),) = reconcile(vault)
    assert (now.state, now.to) == ("taken", None)
    assert str(file) in now.note
    assert file.read_bytes() == b"b"


def test_a_restore_whose_file_is_nowhere_stays_for_a_person(vault, file):
    record = restoring(vault, file)
    Path(vault.place(record)).unlink()
    assert states(vault) == []
    assert unsettled(vault) == [record]


def test_a_purge_is_finished_whatever_of_it_was_done(vault, file):
    record = vault.take(vault.intend(str(file), {}))
    vault.write(record.now("purging"))
    assert states(vault) == [("purging", "purged")]
    assert not Path(vault.place(record)).exists()
    vault.write(record.now("purging"))
    assert states(vault) == [("purging", "purged")]


def test_a_record_that_was_being_written_is_removed_and_one_that_cannot_be_read_is_an_error(vault, file):
    record = vault.intend(str(file), {})
    cut = vault.root / "records" / f"{record.id}.new"
    cut.write_text("{")
    assert states(vault) == [("intended", "undone")]
    assert not cut.exists()
    (vault.root / "records" / "q-1.json").write_text("{")
    with pytest.raises(VaultError, match="cannot be read"):
        states(vault)
