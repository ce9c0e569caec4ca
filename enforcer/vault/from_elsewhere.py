"""A file on another file system than the vault's: copied, compared, and only then removed, or else sealed where it is.

Sealed means: owner and mode are gone, but the file keeps its place. So it is with a file that has
other names, which a copy would leave readable, and with one for which there is no room.
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace

from enforcer.vault import copying, place, traits
from enforcer.vault.record import Record, VaultError
from enforcer.vault.store import Vault, aside_name, copy_name
from enforcer.vault.undo import drop_copy

_TRIES = 3
_NO_ROOM = "the vault's disk has no room for a copy"
_ROOM_LEFT = 16 << 20
"""Bytes that a copy must leave free, or the lake could not record what happens next."""


def from_elsewhere(vault: Vault, record: Record, held: tuple[int, int, int]) -> Record:
    """Copy or seal a file whose owner and mode are taken away already; ``held``: content, its folder, the file."""
    content, _, file = held
    why = _not_copied(record, content, file)
    if why is None:
        try:
            return _copy(vault, record, held)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or vault.read(record.id).state != "intended":
                raise
        drop_copy(record, content)
        why = _NO_ROOM
    return vault.write(record.now("taken", how="sealed", note=why))


def _not_copied(record: Record, content: int, file: int) -> str | None:
    if record.links > 1:
        return "it has other names on its file system"
    if record.size > copying.MOST_BYTES:
        return "it is too large to be copied to the vault"
    return None if _room(content, os.fstat(file).st_blocks * 512) else _NO_ROOM


def _room(content: int, size: int) -> bool:
    found = os.statvfs(content)
    return found.f_bavail * found.f_frsize >= size + _ROOM_LEFT


def _copy(vault: Vault, record: Record, held: tuple[int, int, int]) -> Record:
    """From another file system: the original goes only when the copy's hash was read back."""
    content, folder, file = held
    for _ in range(_TRIES):
        before = _content_state(file)
        sha256 = _verified_copy(record, content, file)
        if _content_state(file) != before:
            continue  # somebody who held it open wrote to it
        copied = vault.write(record.now("copied", how="copied", sha256=sha256))
        return vault.write(_remove_original(vault, copied, folder, file).now("taken"))
    raise VaultError(f"{record.path}: it is being written to and has no stable content to copy")


def _remove_original(vault: Vault, record: Record, folder: int, file: int) -> Record:
    """Unlink what was copied, also under a name that it was given meanwhile."""
    name, aside = os.path.basename(record.path), aside_name(record)  # noqa: PTH119
    if place.remove(folder, name, aside, record.inode):
        return record
    record = vault.write(replace(record, path=place.path_of(file), note="it was renamed meanwhile"))
    with place.folder_of(record.path) as (elsewhere, new_name):
        if place.remove(elsewhere, new_name, aside, record.inode):
            return record
    raise VaultError(f"{record.path}: renamed again and again while it was copied")


def _content_state(file: int) -> tuple[int, int]:
    found = os.fstat(file)
    return found.st_size, found.st_mtime_ns


def _verified_copy(record: Record, content: int, file: int) -> str:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    drop_copy(record, content)
    target = os.open(copy_name(record), flags, 0o600, dir_fd=content)
    try:
        sha256 = copying.copy(file, target)
        if copying.reread(target) != sha256:
            raise VaultError(f"{record.path}: the copy reads back differently; the original stays")
        traits.strip(target)
        os.fsync(target)
        os.fsync(content)
    finally:
        os.close(target)
    return sha256
