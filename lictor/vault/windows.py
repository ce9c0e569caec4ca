"""The vault on Windows: files change hands by renames, and their owners and access lists are read back."""

from __future__ import annotations

from pathlib import Path

from enforcer.interface import Order, Outcome
from enforcer.vault.record import Record
from enforcer.windows import give_back, reconcile
from enforcer.windows.quarantine import Quarantine
from enforcer.windows.vault import WindowsVault


def vault_at(root: Path) -> WindowsVault:
    """The vault in a folder; nothing is made yet."""
    return WindowsVault(str(root))


def take(vault: WindowsVault, order: Order, deed: str | None, inode: tuple[int, int] | None) -> Outcome:  # noqa: ARG001 - no source of Windows tells which file was meant
    """Carry out an order of a person: nobody who holds the file is ended for it. Never raises."""
    return Quarantine(vault, _nobody)(order, deed)


def restore(vault: WindowsVault, item: str, to: Path | None, *, deed: str, even_if_changed: bool) -> Record:
    """Put a file back, or at ``to``; raises ``VaultError``, ``OSError``."""
    target = None if to is None else str(to.absolute())
    return give_back.restore(vault, item, target, deed=deed, even_if_changed=even_if_changed)


def restored(record: Record) -> Outcome:
    """What a restore proves: the note tells what of owner and list did not read back."""
    if record.note:
        return Outcome("unverified", record.note)
    return Outcome("confirmed", "owner and access list read back")


def purge(vault: WindowsVault, item: str, *, deed: str) -> Record:
    """Delete a file for good; raises ``VaultError``, ``OSError``."""
    return give_back.purge(vault, item, deed=deed)


def settle(vault: WindowsVault) -> list[tuple[Record, Record]]:
    """Settle what a crash left between two states: each record before and after. Raises ``VaultError``, ``OSError``."""
    return list(reconcile.reconcile(vault))


def unsettled(vault: WindowsVault) -> list[Record]:
    """What is still between two states; a file that Windows is to take at its next start is one of them."""
    return reconcile.unsettled(vault)


def is_delayed(record: Record) -> bool:
    """Whether Windows was asked to take the file at its next start, and that was told as a result."""
    return reconcile.is_delayed(record)


def _nobody(pid: int, key: int) -> Outcome:  # noqa: ARG001 - asked for the process of an order, and there is none
    return Outcome("failed", "nobody is ended for a file that a person takes away")
