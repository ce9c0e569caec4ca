"""Back exactly as it was and never over another file; or gone for good, with the record of it."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from enforcer.vault import copying
from enforcer.vault.give_back import purge, restore
from enforcer.vault.record import VaultError
from enforcer.vault.take import take


@pytest.fixture
def home(request, tmp_path):
    """Where the file comes from: the vault's file system, or another one."""
    return tmp_path / "home" if request.param == "same" else request.getfixturevalue("foreign")


BOTH = pytest.mark.parametrize("home", ["same", "foreign"], indirect=True)


def content(vault):
    return sorted((vault.root / "content").iterdir())


@BOTH
@pytest.mark.parametrize("to", ["where it was", "same", "foreign"])
def test_back_exactly(vault, make, looks, home, to, tmp_path, foreign):
    path = make(home / "tool", os.urandom(2_500_000))
    before = looks(path)
    item = take(vault, str(path), {}).record.id
    target = {"where it was": path, "same": tmp_path / "new", "foreign": foreign / "new"}[to]
    record = restore(vault, item, None if target is path else str(target), deed="d")
    assert looks(target) == before
    assert (record.state, record.to, record.deed, content(vault)) == ("restored", str(target), "d", [])
    assert [p.name for p in target.parent.iterdir() if p.name.startswith(".")] == []
    assert vault.records() == [record]


def test_the_very_inode_comes_back_with_its_other_names(vault, make, looks, tmp_path):
    path = make(tmp_path / "tool")
    os.link(path, tmp_path / "other")
    before, inode = looks(path), path.stat().st_ino
    restore(vault, take(vault, str(path), {}).record.id)
    assert (looks(path), looks(tmp_path / "other")) == (before, before)
    assert path.stat().st_ino == (tmp_path / "other").stat().st_ino == inode


def test_a_sealed_file_gets_everything_back_where_it_is(vault, make, looks, foreign):
    path = make(foreign / "tool")
    os.link(path, foreign / "other")
    before = looks(path)
    item = take(vault, str(path), {}).record.id
    with pytest.raises(VaultError, match="can only be restored there"):
        restore(vault, item, str(foreign / "new"))
    restore(vault, item)
    assert (looks(path), looks(foreign / "other")) == (before, before)


@BOTH
def test_never_over_another_file(vault, make, home):
    path = make(home / "tool")
    item = take(vault, str(path), {}).record.id
    for other in (lambda: path.write_text("new"), lambda: path.symlink_to("nowhere"), path.mkdir):
        other()
        with pytest.raises(VaultError, match="exists and is not replaced; name another place with --to"):
            restore(vault, item)
        assert (vault.read(item).state, len(content(vault))) == ("taken", 1)
        path.rmdir() if path.is_dir() else path.unlink()
    restore(vault, item)


@BOTH
def test_not_over_one_that_comes_at_the_last_moment(vault, make, home, monkeypatch):
    path = make(home / "tool", b"bad")
    item = take(vault, str(path), {}).record.id
    utime = os.utime

    def late(*arguments, **more):
        utime(*arguments, **more)
        path.write_text("new")

    monkeypatch.setattr(os, "utime", late)
    with pytest.raises(VaultError, match="is not replaced"):
        restore(vault, item)
    assert (path.read_text(), len(content(vault)), vault.read(item).state) == ("new", 1, "taken")
    assert content(vault)[0].stat().st_mode & 0o7777 == 0
    assert len(list(home.iterdir())) == 1 + (home / "lake").exists()


def test_a_missing_folder_is_named(vault, make, tmp_path):
    path = make(tmp_path / "home" / "tool")
    item = take(vault, str(path), {}).record.id
    path.parent.rmdir()
    with pytest.raises(VaultError, match="No such file or directory at folder home"):
        restore(vault, item)
    (tmp_path / "home").symlink_to(tmp_path)
    with pytest.raises(VaultError, match="home is a symbolic link"):
        restore(vault, item)
    assert restore(vault, item, str(tmp_path / "tool")).state == "restored"


def test_changed_content_is_not_taken_for_the_old(vault, make, tmp_path):
    path = make(tmp_path / "tool", b"old")
    with path.open("r+b") as held:
        item = take(vault, str(path), {}).record.id
        held.write(b"new")
    with pytest.raises(VaultError, match="content changed"):
        restore(vault, item)
    restore(vault, item, even_if_changed=True)
    assert path.read_bytes() == b"new"


def test_immutable_comes_back(root, vault, make, tmp_path):
    path = make(tmp_path / "tool")
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no inode flags: put the temporary folder on ext4, xfs or btrfs")
    item = take(vault, str(path), {}).record.id
    restore(vault, item)
    shown = subprocess.run(["lsattr", path], capture_output=True, text=True, check=True).stdout.split()[0]
    subprocess.run(["chattr", "-i", path], check=True)
    assert "i" in shown


def test_a_failed_copy_stays_in_the_vault(vault, make, tmp_path, foreign, monkeypatch):
    item = take(vault, str(make(tmp_path / "tool")), {}).record.id

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(VaultError, match="No space left"):
            restore(vault, item, str(foreign / "new"))
    with monkeypatch.context() as patch:
        patch.setattr(copying, "reread", lambda _: "0")
        with pytest.raises(VaultError, match="reads back differently"):
            restore(vault, item, str(foreign / "new"))
    assert (list(foreign.iterdir()), vault.read(item).state, len(content(vault))) == ([], "taken", 1)


@BOTH
def test_purged_for_good_and_only_once(vault, make, home):
    path = make(home / "tool")
    item = take(vault, str(path), {}).record.id
    assert purge(vault, item, deed="d").state == "purged"
    assert (content(vault), path.exists(), vault.read(item).deed) == ([], False, "d")
    for again in (purge, restore):
        with pytest.raises(VaultError, match="is not in the vault: purged"):
            again(vault, item)


def test_a_sealed_file_is_purged_in_its_place(vault, make, foreign):
    path = make(foreign / "tool")
    os.link(path, foreign / "other")
    item = take(vault, str(path), {}).record.id
    purge(vault, item)
    assert [p.name for p in foreign.iterdir()] == ["other"]


def test_a_sealed_file_that_is_gone_is_said_so(vault, make, foreign):
    path = make(foreign / "tool")
    os.link(path, foreign / "other")
    item = take(vault, str(path), {}).record.id
    path.unlink()
    make(path, b"innocent")
    with pytest.raises(VaultError, match="not there any more"):
        restore(vault, item)
