"""The vault on Linux: files change hands by descriptors, and what a quarantine proves is told with what it does not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from enforcer.interface import Order, Outcome
from enforcer.vault import give_back
from enforcer.vault import take as taking
from enforcer.vault.holders import Holder
from enforcer.vault.reconcile import reconcile
from enforcer.vault.reconcile import unsettled as between_states
from enforcer.vault.record import Record, VaultError
from enforcer.vault.store import Vault
from enforcer.vault.take import Taken

_SHOWN = 5


def vault_at(root: Path) -> Vault:
    """The vault in a folder; nothing is made yet."""
    return Vault(root)


def take(vault: Vault, order: Order, deed: str | None, inode: tuple[int, int] | None) -> Outcome:
    """Carry out an order: its ``object`` is the file, ``deed`` the id of the intent's row, ``inode`` the file meant. Never raises."""
    finding = {
        "agent_run": order.run, "rule": order.rule, "policy": order.policy,
        "process_key": order.process_key, "pid": order.pid, "actor": order.actor,
    }  # fmt: skip
    try:
        return outcome(taking.take(vault, order.object or "", finding, inode, deed))
    except VaultError as error:
        return Outcome("failed", str(error))


def restore(vault: Vault, item: str, to: Path | None, *, deed: str, even_if_changed: bool) -> Record:
    """Put a file back, or at ``to``; raises ``VaultError``, ``OSError``."""
    target = None if to is None else str(to.parent.resolve() / to.name)
    return give_back.restore(vault, item, target, deed=deed, even_if_changed=even_if_changed)


def restored(record: Record) -> Outcome:  # noqa: ARG001 - the other system needs it
    """What a restore proves."""
    return Outcome("confirmed", "owner, mode, times and attributes read back")


def purge(vault: Vault, item: str, *, deed: str) -> Record:
    """Delete a file for good; raises ``VaultError``, ``OSError``."""
    return give_back.purge(vault, item, deed=deed)


def settle(vault: Vault) -> list[tuple[Record, Record]]:
    """Settle what a crash left between two states: each record before and after. Raises ``VaultError``, ``OSError``."""
    before = {record.id: record for record in between_states(vault)}
    return [(before[record.id], record) for record in reconcile(vault) if record.id in before]


def unsettled(vault: Vault) -> list[Record]:
    """What is still between two states."""
    return between_states(vault)


def is_delayed(record: Record) -> bool:  # noqa: ARG001 - the other system needs it
    """Whether the system itself will take the file later, and that was told as a result."""
    return False


def outcome(taken: Taken, *, root: bool | None = None) -> Outcome:
    """What a quarantine proves, with what it does not: other names, open descriptors, a vault of a plain user."""
    record = taken.record
    root = os.geteuid() == 0 if root is None else root
    parts = [f"{record.id}: {_where(record)}"]
    if record.links > 1:
        parts.append(f"{_count(record.links - 1, 'other name')} of it stay, with owner and mode taken away")
    if taken.holders:
        parts.append(_held_by(taken.holders))
    if not root:
        parts.append("without root the same user can undo this")
    if record.note:
        parts.append(record.note)
    sure = root and record.how != "sealed" and not taken.holders
    return Outcome("confirmed" if sure else "unverified", "; ".join(parts))


def _where(record: Record) -> str:
    hash_ = f"SHA-256 {record.sha256}" if record.sha256 else "no hash"
    if record.how == "sealed":
        return "sealed in its place with owner and mode taken away; processes of root can still read it"
    moved = "moved to the vault" if record.how == "moved" else "copied to the vault, the copy read back, and removed"
    return f"{moved}, mode 000 ({hash_})"


def _held_by(holders: Sequence[Holder]) -> str:
    names = ", ".join(f"{h.name} ({h.pid}, {h.how})" for h in holders[:_SHOWN])
    more = f" and {len(holders) - _SHOWN} more" if len(holders) > _SHOWN else ""
    return f"still held open by {names}{more}, who keep what they have"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
