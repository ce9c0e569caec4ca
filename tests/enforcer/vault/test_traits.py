"""What belongs to a file beside its content: taken away and given back, as the system itself shows it."""

from __future__ import annotations

import os
import struct

import pytest

from enforcer.vault import traits
from enforcer.vault.record import VaultError


@pytest.fixture
def file(make, tmp_path):
    return make(tmp_path / "tool")


@pytest.fixture
def opened(file):
    descriptor = os.open(file, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_stripped_and_given_back(file, opened, looks):
    before = looks(file)
    known = traits.read(opened)
    traits.strip(opened)
    assert file.stat().st_mode & 0o7777 == 0
    assert file.stat().st_uid == os.geteuid()
    traits.give_back(opened, known)
    assert looks(file)[0] == before[0]


def test_capabilities_and_acls_survive(root, file, opened):
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry)
        for entry in [(1, 7, 0xFFFFFFFF), (2, 5, 1000), (4, 5, 0xFFFFFFFF), (16, 5, 0xFFFFFFFF), (32, 1, 0xFFFFFFFF)]
    )
    try:
        os.setxattr(file, "system.posix_acl_access", acl)
    except OSError:
        pytest.skip("this file system has no ACLs: put the temporary folder on ext4, xfs or btrfs")
    os.setxattr(file, "security.capability", struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))
    before = {name: os.getxattr(file, name) for name in os.listxattr(file)}
    mode = file.stat().st_mode
    known = traits.read(opened)
    traits.strip(opened)
    assert "security.capability" not in os.listxattr(file), "a change of owner takes them away"
    traits.give_back(opened, known)
    assert {name: os.getxattr(file, name) for name in os.listxattr(file)} == before
    assert file.stat().st_mode == mode


def test_attributes_that_came_later_go(file, opened):
    known = traits.read(opened)
    os.setxattr(file, "user.late", b"1")
    traits.give_back(opened, known)
    assert os.listxattr(file) == ["user.origin"]


def test_what_cannot_be_given_back_is_said(opened, monkeypatch):
    known = traits.read(opened)
    os.utime(opened, ns=(1, 2))
    monkeypatch.setattr(os, "utime", lambda *_, **__: None)
    with pytest.raises(VaultError, match=r"^its time of access, time of change could not be made"):
        traits.give_back(opened, known)


def test_a_mode_that_stays_is_said(opened, monkeypatch):
    monkeypatch.setattr(os, "chmod", lambda *_: None)
    with pytest.raises(VaultError, match="could not be taken away"):
        traits.strip(opened)
