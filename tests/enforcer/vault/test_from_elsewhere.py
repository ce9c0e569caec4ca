"""Files on another file system: the original goes only for a copy that is proven, and stays sealed otherwise."""

from __future__ import annotations

import errno
import hashlib
import os

import pytest

from enforcer.vault import copying, from_elsewhere, place
from enforcer.vault.record import VaultError
from enforcer.vault.take import take


def content(vault):
    return sorted((vault.root / "content").iterdir())


def take_(vault, path):
    return take(vault, str(path), {"rule": "r"})


def test_copied_from_another_file_system(vault, make, foreign):
    path = make(foreign / "tool", b"abc" * 1000)
    record = take_(vault, path).record
    assert (record.how, list(foreign.iterdir())) == ("copied", [])
    [there] = content(vault)
    assert there.stat().st_mode & 0o7777 == 0
    assert record.sha256 == hashlib.sha256(b"abc" * 1000).hexdigest()


def test_a_copy_that_reads_back_differently_leaves_the_original(vault, make, foreign, looks, monkeypatch):
    path = make(foreign / "tool")
    before = looks(path)
    monkeypatch.setattr(copying, "reread", lambda _: "0" * 64)
    with pytest.raises(VaultError, match="reads back differently"):
        take_(vault, path)
    assert (looks(path), content(vault)) == (before, [])
    assert [r.state for r in vault.records()] == ["undone"]


def test_other_names_elsewhere_are_sealed_in_place(vault, make, foreign):
    path = make(foreign / "tool")
    os.link(path, foreign / "other")
    record = take_(vault, path).record
    assert record.how == "sealed"
    assert {p.stat().st_mode & 0o7777 for p in foreign.iterdir()} == {0}
    assert (len(list(foreign.iterdir())), content(vault)) == (2, [])


@pytest.mark.parametrize("way", ["before", "while writing"])
def test_a_full_disk_seals_in_place(vault, make, foreign, monkeypatch, way):
    path = make(foreign / "tool")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if way == "before":
        monkeypatch.setattr(from_elsewhere, "_ROOM_LEFT", 1 << 62)
    else:
        monkeypatch.setattr(os, "pwrite", full)
    record = take_(vault, path).record
    assert (record.how, path.stat().st_mode & 0o7777, content(vault)) == ("sealed", 0, [])


def test_a_file_that_is_written_to_all_the_time_is_left(vault, make, foreign, monkeypatch):
    path = make(foreign / "tool", b"0")
    reread = copying.reread

    def written(target):
        os.pwrite(descriptor, os.urandom(3), 0)
        return reread(target)

    descriptor = os.open(path, os.O_RDWR)
    monkeypatch.setattr(copying, "reread", written)
    with pytest.raises(VaultError, match="no stable content"):
        take_(vault, path)
    os.close(descriptor)
    assert (path.stat().st_mode & 0o7777 != 0, content(vault)) == (True, [])


def test_an_original_that_was_renamed_away_is_not_taken_for_removed(vault, make, foreign, monkeypatch):
    path = make(foreign / "tool", b"bad")
    mode = path.stat().st_mode
    monkeypatch.setattr(place, "remove", lambda *_: False)
    with pytest.raises(VaultError, match="renamed again and again while"):
        take_(vault, path)
    assert (path.stat().st_mode, content(vault), [r.state for r in vault.records()]) == (mode, [], ["undone"])
