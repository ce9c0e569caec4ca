"""The rename that replaces nothing, and inode flags as ``lsattr`` shows them."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from enforcer.vault import calls


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").write_text("a")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def names(path):
    return {p.name: p.read_text() for p in path.iterdir()}


def test_renames(folder, tmp_path):
    calls.rename_noreplace(folder, "a", folder, "b")
    assert names(tmp_path) == {"b": "a"}


@pytest.mark.parametrize("lacking", [False, True])
def test_replaces_nothing_also_where_the_file_system_lacks_the_call(folder, tmp_path, monkeypatch, lacking):
    if lacking:

        class Old:
            @staticmethod
            def renameat2(*_):
                calls.ctypes.set_errno(errno.EINVAL)
                return -1

        monkeypatch.setattr(calls, "_libc", Old)
    (tmp_path / "b").write_text("b")
    with pytest.raises(FileExistsError):
        calls.rename_noreplace(folder, "a", folder, "b")
    assert names(tmp_path) == {"a": "a", "b": "b"}
    calls.rename_noreplace(folder, "a", folder, "c")
    assert names(tmp_path) == {"b": "b", "c": "a"}


def test_other_errors_are_told(folder, foreign):
    with pytest.raises(FileNotFoundError):
        calls.rename_noreplace(folder, "none", folder, "b")
    other = os.open(foreign, os.O_RDONLY)
    with pytest.raises(OSError, match="cross-device") as raised:
        calls.rename_noreplace(folder, "a", other, "a")
    assert raised.value.errno == errno.EXDEV
    os.close(other)


def test_flags_are_those_of_lsattr(root, folder, tmp_path):
    file = tmp_path / "a"
    if subprocess.run(["chattr", "+ia", file], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no inode flags: put the temporary folder on ext4, xfs or btrfs")
    descriptor = os.open(file, os.O_RDONLY)
    assert calls.flags(descriptor) == calls.IMMUTABLE | calls.APPEND
    calls.set_flags(descriptor, calls.APPEND)
    shown = subprocess.run(["lsattr", file], capture_output=True, text=True, check=True).stdout.split()[0]
    assert ("i" in shown, "a" in shown) == (False, True)
    calls.set_flags(descriptor, 0)
    assert calls.flags(descriptor) == 0
    os.close(descriptor)


def test_no_flags_where_there_are_none():
    out, into = os.pipe()
    assert calls.flags(out) == 0
    os.close(out)
    os.close(into)
