"""Where the vault's things lie, and how a record gets there so that it stays.

::

    <vault>/lock                   held by whoever changes anything
    <vault>/records/<id>.json      one record per file, also of files that are long gone from here
    <vault>/content/<id>           a file that was moved here: its own inode
    <vault>/content/<id>.copy      a file that came from another file system

All folders are 0700. The two kinds of content differ in name, so that after a crash nothing
has to be guessed. A process that may act as root can read the vault; nothing else can.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from typing import TYPE_CHECKING

from enforcer.vault.record import Record, VaultError, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LETTERS = "abcdefghjkmnpqrstvwxyz23456789"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Vault:
    """The vault below ``root``; made by the first ``locked``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._records = root / "records"
        self._content = root / "content"

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Sole right to change things; gives the descriptor of the content folder. Waits for others."""
        self._prepare()
        lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = os.open(self._content, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                yield content
            finally:
                os.close(content)
        finally:
            os.close(lock)

    def records(self) -> list[Record]:
        """Every record, oldest first; one that cannot be read raises ``VaultError`` with its file."""
        if not self._records.is_dir():
            return []
        found = [self.read(path.stem) for path in self._records.iterdir() if path.suffix == ".json"]
        return sorted(found, key=lambda record: (record.time_ns, record.id))

    def read(self, item: str) -> Record:
        """One record by its whole id."""
        path = self._records / f"{item}.json"
        try:
            return from_json(path.read_bytes())
        except VaultError as error:
            raise VaultError(f"{path}: {error}") from error
        except OSError as error:
            raise VaultError(f"{path}: {error.strerror}") from error

    def find(self, begin: str) -> Record:
        """The record whose id begins so; raises ``VaultError`` when none or several do."""
        hits = [record for record in self.records() if record.id.startswith(begin)] if begin else []
        if len(hits) != 1:
            raise VaultError(f"{len(hits) or 'no'} quarantined files have an id like {begin!a}")
        return hits[0]

    def new_id(self) -> str:
        """A short id that no record has."""
        while True:
            item = "q-" + "".join(secrets.choice(_LETTERS) for _ in range(8))
            if not (self._records / f"{item}.json").exists():
                return item

    def write(self, record: Record) -> Record:
        """Put the record in place, all of it or nothing, durably; gives it back."""
        path = self._records / f"{record.id}.json"
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, _NEW | os.O_TRUNC, 0o600)
        try:
            data = memoryview(to_json(record))
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)  # noqa: PTH105 - beside the other calls of os that can be stopped one by one
        _sync(self._records)
        return record

    def clear(self) -> None:
        """Remove records that were being written when a crash came: they say nothing that was acted upon."""
        for path in self._records.glob("*.new"):
            path.unlink()

    def _prepare(self) -> None:
        for folder in (self.root, self._records, self._content):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=folder == self.root)
                _sync(folder.parent)
        found = self.root.lstat()
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise VaultError(f"{self.root}: not a folder of ours alone; make it mode 0700 or name another lake")


def copy_name(record: Record) -> str:
    """Name of a copied file in the content folder."""
    return f"{record.id}.copy"


def content_name(record: Record) -> str:
    """Name of the file in the content folder."""
    return copy_name(record) if record.how == "copied" else record.id


def aside_name(record: Record) -> str:
    """Name beside an original for the moment between two steps."""
    return f".lictor-{record.id}"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
