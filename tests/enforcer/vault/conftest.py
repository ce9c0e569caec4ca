"""A vault, a file to be taken with everything that a file can have, and a second file system."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from enforcer.vault.store import Vault


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "lake" / "quarantine")


@pytest.fixture
def foreign(tmp_path):
    """A folder on another file system than the vault's."""
    for place in ("/dev/shm", "/run", "/var/tmp"):
        if os.access(place, os.W_OK) and os.stat(place).st_dev != tmp_path.stat().st_dev:
            made = Path(tempfile.mkdtemp(dir=place))
            yield made
            shutil.rmtree(made)
            return
    pytest.skip("no second file system that this user may write to: mount a tmpfs at /dev/shm")


@pytest.fixture
def make():
    """Makes a file with a mode, times, an attribute and (as root) an owner of its own; gives its path."""

    def made(path, content=b"#!/bin/sh\necho hi\n"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if os.geteuid() == 0:
            os.chown(path, 1234, 4321)
        os.setxattr(path, "user.origin", b"net\0")
        os.chmod(path, 0o4751)
        os.utime(path, ns=(1_600_000_000_123_456_000, 1_500_000_000_654_321_000))
        return path

    return made


@pytest.fixture
def looks():
    """Everything that can be seen of a file, but its inode and the time of its last change of state."""

    def seen(path):
        found = path.lstat()
        xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path)}
        times = (found.st_mtime_ns, found.st_atime_ns)
        with open(os.open(path, os.O_RDONLY | os.O_NOATIME), "rb") as file:
            return (found.st_mode, found.st_uid, found.st_gid, found.st_size, *times, xattrs), file.read()

    return seen


@pytest.fixture
def root():
    if os.geteuid():
        pytest.skip("only root may do this: run as root")
