"""Restore and purge: the two ways out of the vault on Windows, each written down before and after.

A restored file replaces nothing, and has its owner, access list, times and mark of the Web again.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from enforcer.vault.record import Record, Traits, VaultError
from enforcer.windows import moving, security
from enforcer.windows.vault import SDDL, WindowsVault


def restore(
    vault: WindowsVault, item: str, to: str | None = None, *, deed: str | None = None, even_if_changed: bool = False
) -> Record:
    """Put a file back where it was, or at ``to``; the record afterwards.

    Raises ``VaultError`` when that is not possible; the file is in the vault then, as before.
    """
    with vault.locked():
        record = _held(vault, item)
        target, place = to or record.path, vault.place(record)
        try:
            if not even_if_changed:
                _check_content(record, place)
            begun = vault.write(record.now("restoring", to=target, deed=deed))
            moving.move(place, target, replace=False)
        except FileExistsError as error:
            vault.write(record)
            raise VaultError(f"{target} exists and is not replaced; name another place with --to") from error
        except (OSError, VaultError) as error:
            vault.write(record)
            raise VaultError(f"{record.id}: {error}; it stays in the vault") from error
        return finish_restore(vault, begun)


def finish_restore(vault: WindowsVault, record: Record) -> Record:
    """Give a file that lies at its target again all that was its own; raises ``OSError``."""
    note = _give_back(record.to or record.path, record.traits)
    return vault.write(record.now("restored", note=note))


def purge(vault: WindowsVault, item: str, *, deed: str | None = None) -> Record:
    """Delete a quarantined file for good; its record stays. Raises ``VaultError``."""
    with vault.locked():
        record = vault.write(_held(vault, item).now("purging", deed=deed))
        try:
            return finish_purge(vault, record)
        except OSError as error:
            raise VaultError(f"{record.id}: {error}; the next start tries again") from error


def finish_purge(vault: WindowsVault, record: Record) -> Record:
    """The second half of a purge; what of it is done already stays so. Raises ``OSError``."""
    place = vault.place(record)
    if os.path.lexists(place):
        with moving.writable(place):
            Path(place).unlink()
    return vault.write(record.now("purged"))


def _held(vault: WindowsVault, item: str) -> Record:
    record = vault.read(item)
    if record.state != "taken":
        raise VaultError(f"{item} is not in the vault: {record.state}")
    return record


def _check_content(record: Record, place: str) -> None:
    if moving.sha256(place) != record.sha256:
        raise VaultError("its content changed in the vault; --even-if-changed restores it all the same")


def _give_back(path: str, traits: Traits) -> str:
    """Owner, list, times and mode as they were; what of it could not be given back, in words."""
    sddl = base64.b64decode(traits.xattrs[SDDL]).decode()
    note = security.give_back(path, sddl)
    os.utime(path, ns=(traits.atime_ns, traits.mtime_ns))
    Path(path).chmod(traits.mode)
    return note
