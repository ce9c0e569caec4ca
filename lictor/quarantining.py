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
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from collectors.portable.machine import boot_id
from enforcer.interface import Order, Outcome
from enforcer.vault.record import HELD, Record, State, VaultError
from lictor.errors import LictorError
from lictor.vault import here
from pipeline import schema

if TYPE_CHECKING:
    from enforcer.vault.store import Vault  # that of this system; see ``lictor.vault``

FOLDER = "quarantine"
"""The vault's folder below the lake."""

Write = Callable[[pa.Table], None]
"""Takes rows of ``actions`` and makes them durable."""

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
    return here.vault_at(lake / FOLDER)


def quarantine(vault: Vault, order: Order, action: str | None = None, inode: tuple[int, int] | None = None) -> Outcome:
    """Carry out an order: its ``object`` is the file. ``action`` is the id of the intent's row, ``inode`` the file meant.

    Never raises for what can go wrong with a file; the outcome says it.
    """
    if not order.object:
        return Outcome("failed", "the order names no file")
    return here.take(vault, order, action, inode)


def by_hand(vault: Vault, path: str, write: Write) -> Outcome:
    """A person's quarantine of a file, with an intent's row before and a result's after."""
    person = getpass.getuser()
    row = {
        "id": uuid.uuid4().hex, "time": time.time_ns() // 1000, "action": "quarantine", "host": socket.gethostname(),
        "boot_id": boot_id(), "object": path, "enforced_at": "userspace", "actor": person,
    }  # fmt: skip
    write(_table([row | {"phase": "intent"}]))
    order = Order("quarantine", run="", process_key=0, pid=0, object=path, actor=person)
    found = quarantine(vault, order, str(row["id"]))
    write(_table([row | {"phase": "result", "enforcement": found.enforcement, "evidence": found.evidence}]))
    return found


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

    def give(known: str, deed: str) -> Record:
        return here.restore(vault, known, to, deed=deed, even_if_changed=even_if_changed)

    return _done(vault, "restore", item, write, give, actor)


def purge(vault: Vault, item: str, write: Write, *, actor: str = "") -> Record:
    """Delete a file for good, with an intent's row before and a result's after. Raises ``LictorError``."""
    return _done(vault, "purge", item, write, lambda known, deed: here.purge(vault, known, deed=deed), actor)


def settle(vault: Vault, write: Write) -> list[str]:
    """At the start: settle what a crash left behind and write the results that are owed; a line for each.

    Does nothing where there is no vault. Raises ``LictorError`` when the vault cannot be read.
    """
    if not vault.root.is_dir():
        return []
    try:
        settled, left = here.settle(vault), here.unsettled(vault)
    except (VaultError, OSError) as error:
        raise LictorError(f"quarantine: {error}") from error
    if settled:
        write(_table([row for before, now in settled for row in _results(before, now)]))
    lines = [f"quarantine: an interrupted deed was settled: {r.id} ({shown(r.path)}) is {r.state}" for _, r in settled]
    return lines + [
        f"quarantine: {r.id} ({shown(r.path)}) is between two states ({r.state}) and {_waits(r)}" for r in left
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
    told = _told(record)
    write(_table([row | {"phase": "result", "enforcement": told.enforcement, "evidence": told.evidence}]))
    return record


def _told(record: Record) -> Outcome:
    if record.state == "restored":
        proof = here.restored(record)
        return Outcome(
            proof.enforcement, f"{record.id}: restored to {shown(record.to or record.path)}; {proof.evidence}"
        )
    note = f"; {record.note}" if record.note and record.state == "purged" else ""
    return Outcome("confirmed", f"{record.id}: {record.state}; its content is gone from the vault{note}")


def _results(before: Record, now: Record) -> list[dict[str, Any]]:
    """The result that the deed owes, under the id of its intent; a pair of rows where that is not known, or has one already."""
    action, end = _OWED.get(before.state, _ENTERED)
    owed = now.deed if not here.is_delayed(before) else None
    row = _deed(owed or uuid.uuid4().hex, action, now, actor="lictor")
    sure = now.state == end and not (end == "taken" and now.how == "sealed")
    evidence = f"{now.id}: interrupted and settled at the next start: {now.state}"
    result = row | {
        "phase": "result", "enforcement": "confirmed" if sure else "failed",
        "evidence": f"{evidence}; {now.note}" if now.note else evidence,
    }  # fmt: skip
    return [result] if owed else [row | {"phase": "intent"}, result]


def _waits(record: Record) -> str:
    return "waits for the next start of Windows" if here.is_delayed(record) else "stays so"


def _deed(action_id: str, action: str, record: Record, actor: str) -> dict[str, Any]:
    finding = record.finding
    return {
        "id": action_id, "time": time.time_ns() // 1000, "action": action, "host": socket.gethostname(),
        "boot_id": boot_id(), "agent_run": finding.get("agent_run") or None, "process_key": finding.get("process_key"),
        "pid": finding.get("pid"), "object": shown(record.path), "rule": finding.get("rule"),
        "policy": finding.get("policy"), "enforced_at": "userspace", "actor": actor,
    }  # fmt: skip


def _table(rows: Sequence[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema.lake_schema("actions"))


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
