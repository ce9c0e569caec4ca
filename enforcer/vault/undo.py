"""Undoing: what was taken from an original goes back to it, and what was caught by mistake goes back to its folder."""

from __future__ import annotations

import contextlib
import os

from enforcer.vault import calls, place, traits
from enforcer.vault.record import Record, VaultError
from enforcer.vault.store import Vault, aside_name, copy_name


def is_original(record: Record) -> bool:
    """Whether the original is still at its path, or aside of it."""
    with contextlib.suppress(VaultError), place.folder_of(record.path) as (folder, name):
        known = (name, aside_name(record))
        return any(place.is_file(folder, n, record.inode, record.traits.mtime_ns) for n in known)
    return False


def give_up(vault: Vault, record: Record, content: int, file: int, why: str) -> Record:
    """Undo a begun quarantine: the original gets back what was taken from it, and a copy goes."""
    record = vault.read(record.id)  # with the path as it was last known
    if record.state == "copied":
        record = vault.write(record.now("intended"))
    drop_copy(record, content)
    traits.give_back(file, record.traits)
    traits.give_flags(file, record.traits)
    return vault.write(record.now("undone", how=None, note=f"not quarantined: {why}"))


def drop_copy(record: Record, content: int) -> None:
    """Remove what there is of a copy in the vault."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(copy_name(record), dir_fd=content)


def set_aside(record: Record, content: int, folder: int) -> str:
    """Give a file that was caught in place of the record's back to its folder, under a name that is free: that name."""
    for number in range(1000):
        with contextlib.suppress(FileExistsError):
            name = f"{aside_name(record)}-{number}"
            calls.rename_noreplace(content, record.id, folder, name)
            os.fsync(folder)
            return name
    raise VaultError(f"{record.path}: a file that was caught by mistake is in the vault as {record.id}")
