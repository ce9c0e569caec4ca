"""Quarantine: a file goes into the vault, by its descriptor, and nothing is lost on the way.

Intent on disk → owner and mode taken away, which no name can dodge → moved, or from another
file system copied, compared by hash and only then removed → hash and state on disk. A file
with other names, or one for which the vault's disk has no room, is sealed where it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from enforcer.vault import copying, place, traits
from enforcer.vault.from_elsewhere import from_elsewhere
from enforcer.vault.holders import Holder, holders
from enforcer.vault.record import Record, VaultError
from enforcer.vault.store import Vault
from enforcer.vault.undo import give_up, set_aside

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES = 12
"""How often a file that is renamed all the time is followed; against a process that does nothing else, 3 fail in 20 cases."""


@dataclass(frozen=True)
class Taken:
    """What was done: the record, and the processes that still hold the file open."""

    record: Record
    holders: list[Holder]


def take(
    vault: Vault,
    path: str,
    finding: Mapping[str, Any],
    inode: tuple[int, int] | None = None,
    deed: str | None = None,
) -> Taken:
    """Quarantine the regular file at an absolute real path; ``inode`` where it is known which file is meant.

    Raises ``VaultError`` when it was not done; the file is as it was then, and a record that was begun says so.
    """
    with _told(path), vault.locked() as content, place.folder_of(path) as (folder, name):
        _refuse_own(vault, folder, path)
        with place.opened(folder, name) as file:
            if inode is not None and place.inode_of(file) != inode:
                raise VaultError(f"{path}: another file has this name by now; not touched")
            record = vault.write(replace(_intent(vault, path, file, finding), deed=deed))
            try:
                record = _carry_out(vault, record, (content, folder, file))
            except (OSError, VaultError) as error:
                record = _arrived(vault, record, (content, file), str(error))
                if record.state != "taken":
                    give_up(vault, record, content, file, str(error))
                    raise
            return Taken(_hashed(vault, record, file), holders(place.inode_of(file)))


@contextlib.contextmanager
def _told(path: str) -> Any:
    try:
        yield
    except OSError as error:
        raise VaultError(f"{path}: {error.strerror}; not quarantined") from error


def _refuse_own(vault: Vault, folder: int, path: str) -> None:
    own = {(s.st_dev, s.st_ino) for s in (p.stat() for p in (vault.root, *filter(os.path.isdir, vault.root.iterdir())))}
    if place.inode_of(folder) in own:
        raise VaultError(f"{path}: a file of the vault itself")


def _intent(vault: Vault, path: str, file: int, finding: Mapping[str, Any]) -> Record:
    found = os.fstat(file)
    return Record(
        id=vault.new_id(),
        state="intended",
        path=path,
        inode=place.inode_of(file),
        size=found.st_size,
        links=found.st_nlink,
        traits=traits.read(file),
        time_ns=time.time_ns(),
        finding=dict(finding),
    )


def _carry_out(vault: Vault, record: Record, held: tuple[int, int, int]) -> Record:
    traits.strip(held[2])
    try:
        return _move(vault, record, held)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    return from_elsewhere(vault, record, held)


def _move(vault: Vault, record: Record, held: tuple[int, int, int]) -> Record:
    """Within the file system; a file that was renamed meanwhile is followed to its new name."""
    content, folder, file = held
    at, notes = (folder, os.path.basename(record.path)), list[str]()  # noqa: PTH119 - a text, as all names here
    for _ in range(_TRIES):
        if _into(record, content, at, notes):
            return vault.write(record.now("taken", how="moved", note="; ".join(notes)))
        record = vault.write(replace(record, path=place.path_of(file)))
        with place.folder_of(record.path) as elsewhere:
            if _into(record, content, elsewhere, notes):
                notes.append("it was renamed meanwhile")
                return vault.write(record.now("taken", how="moved", note="; ".join(notes)))
    raise VaultError(f"{record.path}: renamed again and again; left as it was")


def _into(record: Record, content: int, source: tuple[int, str], notes: list[str]) -> bool:
    """Into the vault, durably; false when the name is another's by now."""
    try:
        moved = place.move(*source, content, record.id, record.inode)
    except place.Displaced:
        notes.append(f"another file of that name was caught and is {set_aside(record, content, source[0])} now")
        return False
    if moved:
        os.fsync(content)
        os.fsync(source[0])
    return moved


def _hashed(vault: Vault, record: Record, file: int) -> Record:
    """After the move, since a huge file takes seconds to read and is out of reach by then."""
    if record.sha256 or record.how == "sealed" or record.size > copying.MOST_BYTES:
        return record
    # Unreadable, or no room for the record: it is in the vault all the same, and the next start tries again.
    with contextlib.suppress(OSError):
        record = replace(record, sha256=copying.digest(file))
        vault.write(record)
    return record


def _arrived(vault: Vault, record: Record, held: tuple[int, int], why: str) -> Record:
    """The record as it stands after an error; taken where the file is safe in the vault and only that was not written."""
    record, (content, file) = vault.read(record.id), held
    note = f"to be recorded at the next start: {why}"
    if record.state == "intended" and place.inode_at(content, record.id) == record.inode:
        return record.now("taken", how="moved", note=note)
    if record.state == "copied" and not os.fstat(file).st_nlink:
        return record.now("taken", note=note)
    return record
