"""States that a crash leaves, one by one; tests/faults kills at every step, here stand those that need more than a kill."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from enforcer.vault.give_back import restore
from enforcer.vault.reconcile import reconcile, unsettled
from enforcer.vault.take import take


@pytest.fixture
def taken(vault, make, tmp_path):
    """A record of a file in the vault, and the path that it came from."""
    path = make(tmp_path / "home" / "tool")
    return take(vault, str(path), {}, deed="d").record, path


def test_nothing_to_do(vault, taken):
    assert reconcile(vault) == []
    assert unsettled(vault) == []


def test_an_intent_that_had_come_to_its_end_is_finished(vault, taken):
    record, path = taken
    vault.write(replace(record, state="intended", how=None, sha256=None))
    assert [r.id for r in unsettled(vault)] == [record.id]
    assert reconcile(vault) == [record]
    restore(vault, record.id)
    assert path.exists()


def test_another_device_number_after_a_restart_changes_nothing(vault, taken, looks):
    record, _ = taken
    vault.write(replace(record, state="intended", how=None, sha256=None, inode=(4711, record.inode[1])))
    [settled] = reconcile(vault)
    assert (settled.state, settled.how, settled.sha256) == ("taken", "moved", record.sha256)


@pytest.mark.parametrize("name_taken", [False, True])
def test_another_file_that_was_caught_goes_back(vault, taken, name_taken, tmp_path):
    record, path = taken
    inside = vault.root / "content" / record.id
    inside.rename(path.with_name("away"))
    inside.write_text("innocent")
    if name_taken:
        path.write_text("third")
    vault.write(replace(record, state="intended", how=None, sha256=None))
    assert [r.state for r in reconcile(vault)] == ["undone"]
    found = {p.name: p.read_text() for p in path.parent.iterdir() if p.name != "away"}
    aside = {"tool": "third", f".lictor-{record.id}-0": "innocent"}
    assert found == (aside if name_taken else {"tool": "innocent"})
    assert not inside.exists()


def test_a_new_file_with_the_old_inode_number_is_left_alone(vault, make, foreign):
    path = make(foreign / "tool", b"bad")
    record = take(vault, str(path), {}).record
    path.write_text("innocent")
    os.chmod(path, 0o600)
    new = path.stat()
    vault.write(replace(record, state="copied", inode=(new.st_dev, new.st_ino)))
    assert [r.state for r in reconcile(vault)] == ["taken"]
    assert path.read_text() == "innocent"
    vault.write(replace(record, state="intended", inode=(new.st_dev, new.st_ino)))
    reconcile(vault)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("innocent", 0o600)


def test_a_copy_whose_original_was_written_to_is_dropped(vault, make, foreign):
    path = make(foreign / "tool", b"old")
    record = take(vault, str(path), {}).record
    make(path, b"newer")
    os.utime(path, ns=(1, 2))
    os.chmod(path, 0)
    found = path.stat()
    vault.write(replace(record, state="copied", inode=(found.st_dev, found.st_ino)))
    assert [r.state for r in reconcile(vault)] == ["undone"]
    assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (b"newer", 0o4751)
    assert list((vault.root / "content").iterdir()) == []


def test_what_cannot_be_settled_waits(vault, taken):
    record, path = taken
    inside = vault.root / "content" / record.id
    inside.unlink()
    inside.write_text("innocent")
    path.parent.rmdir()
    vault.write(replace(record, state="intended", inode=(1, 1)))
    assert reconcile(vault) == []
    assert [r.id for r in unsettled(vault)] == [record.id]
    path.parent.mkdir()
    reconcile(vault)
    assert path.read_text() == "innocent"


def test_a_half_written_record_is_cleared_away(vault, taken):
    (vault.root / "records" / "q-x.new").write_text("{")
    reconcile(vault)
    assert len(list((vault.root / "records").iterdir())) == 1


@pytest.mark.parametrize("aside", [False, True])
def test_a_proven_copy_is_finished_by_removing_the_original(vault, make, foreign, aside):
    path = make(foreign / "tool", b"bad")
    record = take(vault, str(path), {}).record
    make(path, b"bad")
    os.chmod(path, 0)
    found = path.stat()
    if aside:
        path.rename(path.with_name(f".lictor-{record.id}"))
    vault.write(replace(record, state="copied", inode=(found.st_dev, found.st_ino)))
    assert [r.state for r in reconcile(vault)] == ["taken"]
    assert list(foreign.iterdir()) == []
