"""Where taken files lie on Windows, under the records that the vault has on every system.

::

    <vault>/lock                   held by whoever changes anything
    <vault>/records/<id>.json      one record per file, written before the file is touched
    <vault>/content/<id>           the file, without an extension, open to SYSTEM and Administrators only

Owner, group and DACL (as SDDL), attributes and the mark of the Web (the stream Zone.Identifier) are in the record's traits, so that a
restored file is what it was. The vault's file belongs to Administrators: whoever owns a file may change who may open it.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from enforcer.vault.record import Record, Traits, VaultError, from_json, to_json
from enforcer.windows import moving, security
from enforcer.windows.alone import alone

ZONE = "Zone.Identifier"
SDDL = "windows.sddl"
"""Name of the security descriptor among the traits."""
PATIENCE_S = 20.0
"""How long it is waited for another process that changes something."""


class WindowsVault:
    """The vault below ``root``; made by the first file."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)
        self._records, self._content = self.root / "records", self.root / "content"
        self._lock = threading.RLock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Sole right to change things, against other processes too; waits for others. Raises ``VaultError``, ``OSError``."""
        self._prepare()
        with self._lock:
            try:
                with alone(str(self.root / "lock"), PATIENCE_S):
                    yield
            except TimeoutError as error:
                raise VaultError(f"the vault is in use: {error}") from error

    def intend(self, path: str, finding: Mapping[str, Any], deed: str | None = None) -> Record:
        """Write down what is about to be taken; raises ``OSError`` when it is not there, ``VaultError`` when it is no file."""
        self._prepare()
        found = Path(path).lstat()
        if not os.path.isfile(path) or os.path.islink(path):  # noqa: PTH113, PTH114 - the text is the name
            raise VaultError(f"{path} is no regular file; not taken")
        record = Record(
            id=f"q-{secrets.token_hex(6)}", state="intended", path=path, inode=(found.st_dev, found.st_ino),
            size=found.st_size, links=found.st_nlink, traits=_traits(path, found), time_ns=time.time_ns(),
            finding=dict(finding), deed=deed,
        )  # fmt: skip
        return self.write(record)

    def place(self, record: Record) -> str:
        """Where the content of this record lies, or will."""
        return str(self._content / record.id)

    def take(self, record: Record) -> Record:
        """Move the file in, hash it, and close it to everybody; raises ``OSError`` (32: somebody holds it) or ``VaultError``."""
        place = self.place(record)
        copied = moving.move(record.path, place)
        sha256 = moving.sha256(place)
        record = self.write(record.now("taken", how="copied" if copied else "moved", sha256=sha256))
        security.seal(place)
        return record

    def at_next_start(self, record: Record, why: str) -> Record:
        """Have Windows take the file at its next start; raises ``OSError``."""
        moving.at_next_start(record.path, self.place(record))
        return self.write(record.now("intended", how="moved", note=f"taken at the next start of Windows: {why}"))

    def undo(self, record: Record, why: str) -> Record:
        """The file was left as it was."""
        return self.write(record.now("undone", note=why))

    def records(self) -> list[Record]:
        """Every record, oldest first; one that cannot be read raises ``VaultError``."""
        found = [self.read(path.stem) for path in self._records.glob("*.json")]
        return sorted(found, key=lambda record: (record.time_ns, record.id))

    def clear(self) -> None:
        """Remove records that were being written when a crash came: they say nothing that was acted upon."""
        for path in self._records.glob("*.new"):
            path.unlink()

    def find(self, begin: str) -> Record:
        """The record whose id begins so; raises ``VaultError`` when none or several do."""
        hits = [record for record in self.records() if record.id.startswith(begin)] if begin else []
        if len(hits) != 1:
            raise VaultError(f"{len(hits) or 'no'} quarantined files have an id like {begin!a}")
        return hits[0]

    def read(self, item: str) -> Record:
        """One record by its whole id; raises ``VaultError``."""
        try:
            return from_json((self._records / f"{item}.json").read_bytes())
        except OSError as error:
            raise VaultError(f"{item}: {error.strerror}") from error

    def write(self, record: Record) -> Record:
        """Put the record in place, all of it or nothing, durably; gives it back."""
        path = self._records / f"{record.id}.json"
        with self._lock, path.with_suffix(".new").open("wb") as file:
            file.write(to_json(record))
            file.flush()
            os.fsync(file.fileno())
        moving.move(str(path.with_suffix(".new")), str(path))
        return record

    def _prepare(self) -> None:
        made = not self.root.exists()
        for folder in (self.root, self._records, self._content):
            folder.mkdir(parents=True, exist_ok=True)
        if made:
            for folder in (self.root, self._records, self._content):
                security.seal(str(folder))


def _traits(path: str, found: os.stat_result) -> Traits:
    kept = {SDDL: _base64(security.describe(path).encode())}
    stream = _stream(path)
    if stream is not None:
        kept[ZONE] = _base64(stream)
    attributes = int(getattr(found, "st_file_attributes", 0))
    return Traits(found.st_mode, 0, 0, found.st_atime_ns, found.st_mtime_ns, attributes, kept)


def _stream(path: str) -> bytes | None:
    try:
        return Path(f"{path}:{ZONE}").read_bytes()
    except OSError:
        return None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
