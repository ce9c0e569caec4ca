"""Restore and purge: the two ways out of the vault, each recorded before and after.

A restored file has its owner, mode, times, attributes and flags before it has its name, so
that nobody meets it half-made; and its name replaces nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from enforcer.vault import calls, copying, place, traits
from enforcer.vault.record import Record, VaultError
from enforcer.vault.store import Vault, aside_name, content_name
from enforcer.vault.undo import is_original

if TYPE_CHECKING:
    from collections.abc import Iterator


def restore(
    vault: Vault, item: str, to: str | None = None, *, deed: str | None = None, even_if_changed: bool = False
) -> Record:
    """Put a file back where it was, or at ``to`` (an absolute real path); the record afterwards.

    Raises ``VaultError`` when that is not possible; the file is in the vault then, as before.
    """
    with vault.locked() as content:
        record = _held(vault, item)
        if record.how == "sealed":
            return _unseal(vault, replace(record, deed=deed), to)
        target = to or record.path
        with (
            _explained(record, target),
            place.folder_of(target) as (folder, name),
            place.opened(content, content_name(record)) as file,
        ):
            if place.inode_at(folder, name) is not None:
                raise VaultError(f"{target} exists and is not replaced; name another place with --to")
            _check_content(record, file, even_if_changed=even_if_changed)
            record = vault.write(record.now("restoring", to=target, to_inode=place.inode_of(file), deed=deed))
            try:
                return _out(vault, record, (content, folder, file), name)
            except (OSError, VaultError):
                back_in(vault, record, content)
                raise


def purge(vault: Vault, item: str, *, deed: str | None = None) -> Record:
    """Delete a quarantined file for good; its record stays. Raises ``VaultError``."""
    with vault.locked() as content:
        record = _held(vault, item)
        with _explained(record, record.path):
            return finish_purge(vault, vault.write(record.now("purging", deed=deed)), content)


def finish_purge(vault: Vault, record: Record, content: int) -> Record:
    """The second half of a purge; whatever of it is done already stays so."""
    note = record.note
    if record.how == "sealed":
        note = "" if is_original(record) else f"it was gone from {record.path}"
        if not note:
            with place.folder_of(record.path) as (folder, name):
                aside = aside_name(record)
                found = place.inode_at(folder, aside) or place.inode_at(folder, name) or record.inode
                place.remove(folder, name, aside, found)
    else:
        _unlink(content, content_name(record))
    return vault.write(record.now("purged", note=note))


def back_in(vault: Vault, record: Record, content: int) -> Record:
    """Undo a begun restore, or finish one of which only the last step is missing; decided by what is on disk."""
    target = record.to or record.path
    with contextlib.suppress(VaultError), place.folder_of(target) as (folder, name):
        if record.to_inode and place.is_file(folder, name, record.to_inode, record.traits.mtime_ns):
            return _arrived(vault, record, content, (folder, name))
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(aside_name(record), dir_fd=folder)
    if place.inode_at(content, content_name(record)) is None:  # it was renamed to its place, and from there by others
        return vault.write(record.now("restored"))
    with place.opened(content, content_name(record)) as file:
        traits.strip(file)
    return vault.write(record.now("taken", to=None, to_inode=None))


def unseal(vault: Vault, record: Record) -> Record:
    """Give a file that was sealed in its place everything back."""
    if not is_original(record):
        raise VaultError(f"{record.path}: the sealed file is not there any more")
    with place.folder_of(record.path) as (folder, name), place.opened(folder, name) as file:
        traits.give_back(file, record.traits)
        traits.give_flags(file, record.traits)
    return vault.write(record.now("restored"))


def _held(vault: Vault, item: str) -> Record:
    record = vault.read(item)
    if record.state != "taken":
        raise VaultError(f"{item} is not in the vault: {record.state}")
    return record


@contextlib.contextmanager
def _explained(record: Record, target: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise VaultError(f"{target} exists and is not replaced; name another place with --to") from error
    except OSError as error:
        raise VaultError(f"{record.id}: {error.strerror} at {target}; it stays in the vault") from error


def _check_content(record: Record, file: int, *, even_if_changed: bool) -> None:
    if record.sha256 and not even_if_changed and copying.digest(file) != record.sha256:
        raise VaultError(f"{record.id}: its content changed in the vault; --even-if-changed restores it all the same")


def _out(vault: Vault, record: Record, held: tuple[int, int, int], name: str) -> Record:
    content, folder, file = held
    traits.give_back(file, record.traits)
    try:
        calls.rename_noreplace(content, content_name(record), folder, name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return _across(vault, record, held, name)
    os.fsync(folder)
    os.fsync(content)
    traits.give_flags(file, record.traits)
    return vault.write(record.now("restored"))


def _across(vault: Vault, record: Record, held: tuple[int, int, int], name: str) -> Record:
    """To another file system: a verified copy under another name, then its own, and only then the vault's goes."""
    content, folder, file = held
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    target = os.open(aside_name(record), flags, 0o600, dir_fd=folder)
    try:
        if copying.copy(file, target) != copying.reread(target):
            raise VaultError(f"{record.id}: the copy reads back differently; the file stays in the vault")
        traits.give_back(target, record.traits)
        os.fsync(target)
        record = vault.write(record.now("restoring", to_inode=place.inode_of(target)))
        if not place.move(folder, aside_name(record), folder, name, place.inode_of(target)):
            raise VaultError(f"{record.id}: another process took the copy away; the file stays in the vault")
    finally:
        os.close(target)
    return _arrived(vault, record, content, (folder, name))


def _arrived(vault: Vault, record: Record, content: int, at: tuple[int, str]) -> Record:
    """The file has its name again: its flags, then the vault lets go of its own."""
    os.fsync(at[0])
    with place.opened(*at) as file:
        traits.give_flags(file, record.traits)
    _unlink(content, content_name(record))
    return vault.write(record.now("restored"))


def _unlink(content: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=content)
    os.fsync(content)


def _unseal(vault: Vault, record: Record, to: str | None) -> Record:
    if to is not None:
        raise VaultError(f"{record.id} was sealed at {record.path} and can only be restored there")
    with _explained(record, record.path):
        return unseal(vault, vault.write(record.now("restoring")))
