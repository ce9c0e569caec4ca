"""Names that lead elsewhere, kinds that are refused, and renames that catch another file."""

from __future__ import annotations

import os
import socket

import pytest

from enforcer.vault import calls, place
from enforcer.vault.record import VaultError


@pytest.fixture
def folder(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def inode(path):
    return path.stat().st_dev, path.stat().st_ino


def open_count():
    return len(os.listdir("/proc/self/fd"))


def test_folder_and_name(tmp_path):
    before = open_count()
    with place.folder_of(str(tmp_path / "x" / ".." / "y").replace("x/../", "")) as (found, name):
        assert (os.fstat(found).st_ino, name) == (tmp_path.stat().st_ino, "y")
    assert open_count() == before


@pytest.mark.parametrize("path", ["tool", "/", "", "/tmp/../etc/passwd", "./tool"])
def test_only_absolute_paths_of_files(path):
    with pytest.raises(VaultError, match="not an absolute path"), place.folder_of(path):
        pass


def test_no_link_is_followed_on_the_way(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    before = open_count()
    with pytest.raises(VaultError, match="link is a symbolic link"), place.folder_of(str(tmp_path / "link" / "tool")):
        pass
    with pytest.raises(VaultError, match="No such file"), place.folder_of(str(tmp_path / "none" / "tool")):
        pass
    assert open_count() == before


def test_only_regular_files_are_opened(tmp_path, folder, monkeypatch):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    bound = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tmp_path)  # the name of a socket has room for 108 bytes
    bound.bind("socket")
    for name, told in {"link": "symbolic link", "folder": "a folder", "pipe": "no regular", "socket": "no reg"}.items():
        with pytest.raises(VaultError, match=told), place.opened(folder, name):
            pass
    with place.opened(folder, "file") as file:
        assert os.read(file, 9) == b"x"
    bound.close()


def test_a_move_that_catches_another_file_is_undone(tmp_path, folder, monkeypatch):
    (tmp_path / "a").write_text("wanted")
    (tmp_path / "b").write_text("other")
    wanted, rename = inode(tmp_path / "a"), calls.rename_noreplace

    def swapped(*arguments):
        monkeypatch.setattr(calls, "rename_noreplace", rename)
        os.rename(tmp_path / "a", tmp_path / "away")
        os.rename(tmp_path / "b", tmp_path / "a")
        rename(*arguments)

    monkeypatch.setattr(calls, "rename_noreplace", swapped)
    assert not place.move(folder, "a", folder, "vault", wanted)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "other", "away": "wanted"}
    assert not place.move(folder, "a", folder, "vault", wanted)
    assert place.move(folder, "away", folder, "vault", wanted)


def test_one_that_cannot_be_put_back_is_told(tmp_path, folder, monkeypatch):
    (tmp_path / "a").write_text("wanted")
    (tmp_path / "b").write_text("other")
    wanted, rename = inode(tmp_path / "a"), calls.rename_noreplace

    def swapped(*arguments):
        monkeypatch.setattr(calls, "rename_noreplace", rename)
        os.rename(tmp_path / "a", tmp_path / "away")
        os.rename(tmp_path / "b", tmp_path / "a")
        rename(*arguments)
        (tmp_path / "a").write_text("third")

    monkeypatch.setattr(calls, "rename_noreplace", swapped)
    with pytest.raises(place.Displaced):
        place.move(folder, "a", folder, "vault", wanted)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "third", "away": "wanted", "vault": "other"}


def test_removes_only_the_file_that_is_meant(tmp_path, folder):
    (tmp_path / "a").write_text("wanted")
    (tmp_path / "b").write_text("other")
    wanted = inode(tmp_path / "a")
    assert not place.remove(folder, "b", ".aside", wanted)
    assert place.remove(folder, "a", ".aside", wanted)
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_a_used_again_inode_number_is_not_the_file(tmp_path, folder):
    (tmp_path / "a").write_text("x")
    os.chmod(tmp_path / "a", 0o644)
    known = inode(tmp_path / "a")
    mtime = (tmp_path / "a").stat().st_mtime_ns
    assert place.is_file(folder, "a", (99, known[1]), mtime), "device numbers change with a restart"
    assert not place.is_file(folder, "a", known, mtime + 1)
    assert not place.is_file(folder, "a", (known[0], known[1] + 1), mtime)
    assert not place.is_file(folder, "none", known, mtime)
    os.chmod(tmp_path / "a", 0)
    assert place.is_file(folder, "a", known, mtime + 1)
