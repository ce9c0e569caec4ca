"""Files in quarantine, drawn: which there are, and the two ways out, each with a reason and two clicks."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import context
from dashboards.interface import Account, DashboardError, Rows
from dashboards.parts import deeds, links, record, states, table
from dashboards.parts.deeds import Deed
from pipeline.escape import visible

COLUMNS = ("time", "path", "rule", "policy", "how", "agent_run", "id", "size", "sha256")
NO_VAULT = "This dashboard has no way to a quarantine."
MEANINGS = {
    "id": "id of the file in the vault", "time": "when it was taken away", "path": "where it was",
    "sha256": "hash of its content", "size": "bytes",
    "how": "moved within a file system, copied from another one, or sealed in its place",
    "links": "names that the file had", "state": "taken, or between two states after a crash", "note": "what is to be known of it",
    "mode": "its permission bits, given back with it", "uid": "its owner", "gid": "its group",
    "restored_to": "where it was put back",
}  # fmt: skip


def draw() -> None:
    """What is in the vault."""
    deeds.told("vault_")
    vault = context.ports().vault
    if vault is None:
        states.lacking(NO_VAULT, "lictor quarantine list shows it on the machine of the lake.")
        return
    try:
        rows = vault.listed()
    except DashboardError as error:
        states.failed(error)
        return
    if not rows:
        states.empty("No file is in quarantine.", "Rules with the action quarantine take files away.")
        return
    newest = sorted(rows, key=lambda row: str(row.get("time")), reverse=True)
    listed = pa.Table.from_pylist(newest)
    name = sha256(" ".join(str(row["id"]) for row in newest).encode()).hexdigest()[:12]
    picked = table.show(listed, f"vault_list_{name}", columns=COLUMNS, alt="Files in quarantine, newest first")
    if picked is None:
        st.caption("Choose a file to restore or purge it.")
        return
    with st.container(border=True):
        deeds.bar([restore(picked), purge(picked)], f"vault_{picked['id']}")
        record.show(picked, "vault_file", meanings=MEANINGS)
        if picked.get("agent_run"):
            links.to("run", f"Run {picked['agent_run']}", {"run": str(picked["agent_run"])})


def restore(row: Mapping[str, Any]) -> Deed:
    """Put it back where it was, never over another file."""
    says = f"Put {visible(str(row['path']))} back exactly as it was. If it is harmful, it can be used again."
    return _deed("restore", "Restore", ":material/undo:", row, says)


def purge(row: Mapping[str, Any]) -> Deed:
    """Delete it."""
    says = f"Delete {visible(str(row['path']))} for good. This cannot be undone; the record of it stays."
    return _deed("purge", "Purge", ":material/delete_forever:", row, says)


def _deed(act: str, label: str, icon: str, row: Mapping[str, Any], says: str) -> Deed:
    file = str(row["id"])

    def does(account: Account, why: str) -> Rows:
        vault = context.ports().vault
        if vault is None:
            raise DashboardError(NO_VAULT)
        line = vault.restore(file, account, why) if act == "restore" else vault.purge(file, account, why)
        return deeds.confirmed(act, file, line)

    named = f"{file} {row['path']}"
    return Deed(act, label, icon, named, says, does, run=row.get("agent_run"), reason=True)
