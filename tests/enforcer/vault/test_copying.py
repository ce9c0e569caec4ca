"""Bytes and hashes, checked with ``sha256sum`` and ``cmp``; holes stay holes."""

from __future__ import annotations

import os
import subprocess

import pytest

from enforcer.vault import copying

MIB = 1 << 20


def sparse(path):
    with path.open("wb") as file:
        file.write(b"head")
        file.seek(50 * MIB + 77)
        file.write(b"middle")
        file.truncate(90 * MIB + 5)


CASES = {
    "empty": lambda p: p.write_bytes(b""),
    "small": lambda p: p.write_bytes(b"x"),
    "one piece": lambda p: p.write_bytes(os.urandom(MIB)),
    "zeros": lambda p: p.write_bytes(bytes(2 * MIB + 1)),
    "more": lambda p: p.write_bytes(os.urandom(3 * MIB + 17)),
    "sparse": sparse,
}


@pytest.mark.parametrize("case", CASES)
def test_copy_and_hash_are_those_of_other_tools(tmp_path, case):
    path, other = tmp_path / "from", tmp_path / "to"
    CASES[case](path)
    source, target = os.open(path, os.O_RDONLY), os.open(other, os.O_RDWR | os.O_CREAT)
    sha256 = copying.copy(source, target)
    told = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    assert sha256 == copying.digest(source) == copying.reread(target) == told
    assert subprocess.run(["cmp", path, other], check=False).returncode == 0
    assert os.fstat(target).st_blocks <= max(os.fstat(source).st_blocks, 16)
    os.close(source)
    os.close(target)


def test_a_huge_hole_is_copied_without_room(tmp_path):
    path, other = tmp_path / "from", tmp_path / "to"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    source, target = os.open(path, os.O_RDONLY), os.open(other, os.O_RDWR | os.O_CREAT)
    copying.copy(source, target)
    assert (os.fstat(target).st_size, os.fstat(target).st_blocks) == (1 << 30, 0)
    os.close(source)
    os.close(target)


def test_a_file_that_grows_is_read_to_the_size_it_had(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.write_bytes(b"abc")
    source = os.open(path, os.O_RDONLY)
    pread = os.pread

    def growing(descriptor, size, offset):
        with path.open("ab") as file:
            file.write(b"more")
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", growing)
    told = subprocess.run(["sha256sum"], input=b"abc", capture_output=True, check=True).stdout.split()[0].decode()
    assert copying.digest(source) == told
    os.close(source)
