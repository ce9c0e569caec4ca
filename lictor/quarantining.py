"""The vault as the rest of Lictor uses it: below the lake, with proof in words and rows of ``actions``.

The vault knows files and nothing else. Here an order becomes a quarantine with an outcome, a
person's restore or purge becomes two rows, and what a crash left behind is settled and recorded.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from enforcer.interface import Order, Outcome
from enforcer.vault import give_back
from enforcer.vault.holders import Holder
from enforcer.vault.reconcile import reconcile, unsettled
from enforcer.vault.record import HELD, Record, State, VaultError
from enforcer.vault.store import Vault
from enforcer.vault.take import Taken, take
from lictor.errors import LictorError
from pipeline import schema

FOLDER = "quarantine"
"""The vault's folder below the lake."""

Write = Callable[[pa.Table], None]
"""Takes rows of ``actions`` and makes them durable."""

_SHOWN = 5
_ENTERED: tuple[str, State] = ("quarantine", "taken")
_OWED: dict[State, tuple[str, State]] = {"restoring": ("restore", "restored"), "purging": ("purge", "purged")}
_TEXT, _LONG = pa.string(), pa.int64()
_LIST = pa.schema([
    ("id", _TEXT), ("state", _TEXT), ("time", pa.timestamp("us", "UTC")), ("path", _TEXT), ("size", _LONG),
    ("sha256", _TEXT), ("how", _TEXT), ("rule", _TEXT), ("policy", _TEXT), ("agent_run", _TEXT), ("links", _LONG),
    ("mode", _TEXT), ("uid", _LONG), ("gid", _LONG), ("restored_to", _TEXT), ("note", _TEXT),
])  # fmt: skip


def vault_of(lake: Path) -> Vault:
    """The vault of a lake; nothing is made yet."""
    return Vault(lake / FOLDER)


def quarantine(vault: Vault, order: Order, action: str | None = None, inode: tuple[int, int] | None = None) -> Outcome:
    """Carry out an order: its ``object`` is the file. ``action`` is the id of the intent's row, ``inode`` the file meant.

    Never raises for what can go wrong with a file; the outcome says it.
    """
    if not order.object:
        return Outcome("failed", "the order names no file")
    finding = {
        "agent_run": order.run, "rule": order.rule, "policy": order.policy,
        "process_key": order.process_key, "pid": order.pid, "actor": order.actor,
    }  # fmt: skip
    try:
        return outcome(take(vault, order.object, finding, inode, action))
    except VaultError as error:
        return Outcome("failed", str(error))


def by_hand(vault: Vault, path: str, write: Write) -> Outcome:
    """A person's quarantine of a file, with an intent's row before and a result's after."""
    person = getpass.getuser()
    row = {
        "id": uuid.uuid4().hex, "time": time.time_ns() // 1000, "action": "quarantine", "host": socket.gethostname(),
        "boot_id": _boot_id(), "object": path, "enforced_at": "userspace", "actor": person,
    }  # fmt: skip
    write(_table([row | {"phase": "intent"}]))
    order = Order("quarantine", run="", process_key=0, pid=0, object=path, actor=person)
    found = quarantine(vault, order, str(row["id"]))
    write(_table([row | {"phase": "result", "enforcement": found.enforcement, "evidence": found.evidence}]))
    return found


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


def listed(vault: Vault, *, everything: bool = False) -> pa.Table:
    """Rows of what is in the vault, oldest first; ``everything`` with what was restored, purged or not taken."""
    rows = [_row(record) for record in _read(vault) if everything or record.state in HELD]
    return pa.Table.from_pylist(rows, schema=_LIST)


def restore(
    vault: Vault, item: str, write: Write, to: Path | None = None, *, even_if_changed: bool = False, actor: str = ""
) -> Record:
    """Put a file back, with an intent's row before and a result's after. Raises ``LictorError``.

    ``actor`` is the person who asked, where that is not who runs this process.
    """
    target = None if to is None else str(to.parent.resolve() / to.name)

    def give(known: str, deed: str) -> Record:
        return give_back.restore(vault, known, target, deed=deed, even_if_changed=even_if_changed)

    return _done(vault, "restore", item, write, give, actor)


def purge(vault: Vault, item: str, write: Write, *, actor: str = "") -> Record:
    """Delete a file for good, with an intent's row before and a result's after. Raises ``LictorError``."""
    return _done(vault, "purge", item, write, lambda known, deed: give_back.purge(vault, known, deed=deed), actor)


def settle(vault: Vault, write: Write) -> list[str]:
    """At the start: settle what a crash left behind and write the results that are owed; a line for each.

    Does nothing where there is no vault. Raises ``LictorError`` when the vault cannot be read.
    """
    if not vault.root.is_dir():
        return []
    try:
        before = {record.id: record.state for record in unsettled(vault)}
        settled = [record for record in reconcile(vault) if record.id in before]
        left = unsettled(vault)
    except (VaultError, OSError) as error:
        raise LictorError(f"quarantine: {error}") from error
    if settled:
        write(_table([_result(record, before[record.id]) for record in settled]))
    lines = [f"quarantine: an interrupted deed was settled: {r.id} ({shown(r.path)}) is {r.state}" for r in settled]
    return lines + [
        f"quarantine: {r.id} ({shown(r.path)}) is between two states ({r.state}) and stays so" for r in left
    ]


def shown(path: str) -> str:
    """A path as text; bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _done(vault: Vault, action: str, item: str, write: Write, do: Callable[[str, str], Record], actor: str) -> Record:
    try:
        record = vault.find(item)
        row = _deed(uuid.uuid4().hex, action, record, actor=actor or getpass.getuser())
        write(_table([row | {"phase": "intent"}]))
        try:
            record = do(record.id, row["id"])
        except (VaultError, OSError) as error:
            write(_table([row | {"phase": "result", "enforcement": "failed", "evidence": str(error)}]))
            raise
    except (VaultError, OSError) as error:
        raise LictorError(str(error)) from error
    write(_table([row | {"phase": "result", "enforcement": "confirmed", "evidence": _told(record)}]))
    return record


def _told(record: Record) -> str:
    note = f"; {record.note}" if record.note and record.state == "purged" else ""
    if record.state == "restored":
        return (
            f"{record.id}: restored to {shown(record.to or record.path)}; owner, mode, times and attributes read back"
        )
    return f"{record.id}: {record.state}; its content is gone from the vault{note}"


def _result(record: Record, before: State) -> dict[str, Any]:
    """The result that an interrupted deed owes, under the id of its intent where that is known."""
    action, end = _OWED.get(before, _ENTERED)
    row = _deed(record.deed or uuid.uuid4().hex, action, record, actor="lictor")
    sure = record.state == end and not (end == "taken" and record.how == "sealed")
    evidence = f"{record.id}: interrupted and settled at the next start: {record.state}"
    return row | {
        "phase": "result", "enforcement": "confirmed" if sure else "failed",
        "evidence": f"{evidence}; {record.note}" if record.note else evidence,
    }  # fmt: skip


def _deed(action_id: str, action: str, record: Record, actor: str) -> dict[str, Any]:
    finding = record.finding
    return {
        "id": action_id, "time": time.time_ns() // 1000, "action": action, "host": socket.gethostname(),
        "boot_id": _boot_id(), "agent_run": finding.get("agent_run") or None, "process_key": finding.get("process_key"),
        "pid": finding.get("pid"), "object": shown(record.path), "rule": finding.get("rule"),
        "policy": finding.get("policy"), "enforced_at": "userspace", "actor": actor,
    }  # fmt: skip


def _table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.lake_schema("actions"))


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _read(vault: Vault) -> list[Record]:
    try:
        return vault.records()
    except (VaultError, OSError) as error:
        raise LictorError(f"quarantine: {error}") from error


def _row(record: Record) -> dict[str, Any]:
    finding = record.finding
    return {
        "id": record.id, "state": record.state, "time": record.time_ns // 1000, "path": shown(record.path),
        "size": record.size, "sha256": record.sha256, "how": record.how, "rule": finding.get("rule"),
        "policy": finding.get("policy"), "agent_run": finding.get("agent_run"), "links": record.links,
        "mode": f"{record.traits.mode:04o}", "uid": record.traits.uid, "gid": record.traits.gid,
        "restored_to": shown(record.to) if record.to and record.state == "restored" else None, "note": record.note or None,
    }  # fmt: skip


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
