"""The clean-up after a crash: every record that was left between two states is brought to one of rest.

Only what lies on disk decides. A file that had reached the vault stays there; one that had not
gets back what was taken from it, since its finding is on record and comes again with the next
event. A restore that had given the file its name is finished, any other is undone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from enforcer.vault import calls, copying, place, traits
from enforcer.vault.give_back import back_in, finish_purge, unseal
from enforcer.vault.record import OPEN, Record, VaultError
from enforcer.vault.store import Vault, aside_name, content_name, copy_name
from enforcer.vault.undo import give_up, is_original, set_aside

if TYPE_CHECKING:
    from collections.abc import Iterator


def reconcile(vault: Vault) -> list[Record]:
    """Settle what a crash left behind; the records that changed, in their new states.

    One that cannot be settled now (a file system that is not mounted, say) stays as it is, for the next start.
    """
    settled = []
    with vault.locked() as content:
        vault.clear()
        for record in vault.records():
            with contextlib.suppress(OSError, VaultError):
                now = _settle(vault, record, content)
                if now != record:
                    settled.append(now)
    return settled


def _settle(vault: Vault, record: Record, content: int) -> Record:
    if record.state == "intended":
        return _intended(vault, record, content)
    if record.state == "copied":
        return _copied(vault, record, content)
    if record.state == "restoring":
        return unseal(vault, record) if record.how == "sealed" else back_in(vault, record, content)
    if record.state == "purging":
        return finish_purge(vault, record, content)
    return _hashed(vault, record, content)


def unsettled(vault: Vault) -> list[Record]:
    """Records that are still between two states."""
    return [record for record in vault.records() if record.state in OPEN]


def _intended(vault: Vault, record: Record, content: int) -> Record:
    there = place.inode_at(content, record.id)
    if there is not None and there[1] == record.inode[1]:  # the device number may be another since a restart
        os.fsync(content)
        return _hashed(vault, vault.write(record.now("taken", how="moved")), content)
    if there is not None:
        _put_back(record, content)
    return _leave(vault, record, content)


def _put_back(record: Record, content: int) -> None:
    """Another file was caught by the rename: to its own name again, or to one beside it where that is taken."""
    with place.folder_of(record.path) as (folder, name):
        try:
            calls.rename_noreplace(content, record.id, folder, name)
            os.fsync(folder)
        except FileExistsError:
            set_aside(record, content, folder)


def _leave(vault: Vault, record: Record, content: int) -> Record:
    """The original stays where it is, with everything that was its own."""
    if is_original(record):
        with place.folder_of(record.path) as (folder, name), _original(record, folder, name) as file:
            return give_up(vault, record, content, file, "Lictor was interrupted")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(copy_name(record), dir_fd=content)
    return vault.write(record.now("undone", note=f"not quarantined: interrupted, and gone from {record.path}"))


@contextlib.contextmanager
def _original(record: Record, folder: int, name: str) -> Iterator[int]:
    aside = aside_name(record)
    if place.is_file(folder, aside, record.inode, record.traits.mtime_ns):
        calls.rename_noreplace(folder, aside, folder, name)
    with place.opened(folder, name) as file:
        yield file


def _copied(vault: Vault, record: Record, content: int) -> Record:
    if not is_original(record):
        return vault.write(record.now("taken"))
    with place.folder_of(record.path) as (folder, name):
        aside = aside_name(record)
        for known in (aside, name):
            inode = place.inode_at(folder, known)
            if inode and _unchanged(folder, known, record) and place.remove(folder, name, aside, inode):
                return vault.write(record.now("taken"))
    return _leave(vault, record, content)


def _unchanged(folder: int, name: str, record: Record) -> bool:
    if not place.is_file(folder, name, record.inode, record.traits.mtime_ns):
        return False
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return (found.st_size, found.st_mtime_ns) == (record.size, record.traits.mtime_ns)


def _hashed(vault: Vault, record: Record, content: int) -> Record:
    """A file in the vault, with its hash where that was not written yet, and without a mode in any case."""
    if record.state != "taken" or record.how == "sealed":
        return record
    name = content_name(record)
    if stat.S_IMODE(os.stat(name, dir_fd=content, follow_symlinks=False).st_mode):
        with place.opened(content, name) as file:
            traits.strip(file)
    if record.sha256 or record.size > copying.MOST_BYTES:
        return record
    with place.opened(content, name) as file:
        return vault.write(replace(record, sha256=copying.digest(file)))
