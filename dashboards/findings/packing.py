"""Makes the evidence pack of a finding when a person asks for it: the role asked, the export recorded, then the file to take away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import context, data, who
from dashboards.findings import about, pack, proof
from dashboards.interface import Account, DashboardError, Role
from dashboards.parts import states
from queries import techniques

WHAT = "evidence pack"
_MADE = "_finding_pack"


def button(row: Mapping[str, Any], key: str) -> None:
    """Makes the pack at the first click; the second one downloads it."""
    allowed = who.may(Role.analyst)
    made = st.session_state.get(_MADE)
    if made is None or made[0] != row["id"]:
        pressed = st.button(
            "Evidence pack", key=key, icon=":material/folder_zip:", disabled=not allowed,
            help="Finding, evidence, actions, coverage, policy texts and history in one ZIP file" if allowed else "Needs the role analyst",
        )  # fmt: skip
        if not pressed:
            return
        try:
            made = (row["id"], *make(row))
        except DashboardError as error:
            states.failed(error)
            return
        st.session_state[_MADE] = made
        st.rerun()
    _, content, digest = made
    st.download_button(
        f"Download pack ({len(content) / 1024:,.0f} KiB)", content, f"finding-{row['id'][:12]}.zip", "application/zip",
        key=f"{key}_file", icon=":material/download:", on_click=_forget,
    )  # fmt: skip
    st.caption(f"SHA-256 {digest}")


def make(row: Mapping[str, Any]) -> tuple[bytes, str]:
    """The pack and its hash; recorded before anything is read and after it is made. Raises ``DashboardError``."""
    account = who.demand(Role.analyst)
    about_it = {"page": "findings", "object": row["id"], "agent_run": row["agent_run"]}
    context.ports().journal.write(account, "export", phase="intent", detail={"what": WHAT}, **about_it)
    rests_on = proof.read(row["evidence"], row["time"])
    by = about.finder(row["rule"], row["policy"])
    detection = {
        "kind": by.kind, "name": by.name, "answers": by.answers, "false_positives": by.false_positives,
        "techniques": [{"id": t.id, "name": t.name, "catalogue": t.catalogue} for t in techniques.listed(row["attack"])],
    }  # fmt: skip
    tables = _tables(row, rests_on)
    content = pack.packed(_plain(row), rests_on, tables, detection, by.hunt, _made(account))
    digest = pack.sha256(content)
    said = {"what": WHAT, "sha256": digest, "bytes": len(content), "rows": tables["evidence"].num_rows}
    context.ports().journal.write(account, "export", phase="result", outcome="success", detail=said, **about_it)
    return content, digest


def _tables(row: Mapping[str, Any], rests_on: proof.Proof) -> dict[str, pa.Table]:
    run, host = row["agent_run"] or "", row["host"] or ""
    first, last = rests_on.around
    found = data.ask_all({
        "findings_pack_evidence": {"finding": row["id"], "since": rests_on.since, "until": rests_on.until},
        "findings_actions": {"run": run, "host": host, "first": first, "last": last},
        "run_head": {"run": run},
        "findings_pack_coverage": {"host": host, "since": rests_on.since, "until": rests_on.until},
        "findings_history": {"finding": row["id"]},
    })  # fmt: skip
    evidence, head = found["findings_pack_evidence"], found["run_head"].to_pylist()
    versions = {v for v in evidence["policy_version"].to_pylist() if v} | {r["policy_version"] for r in head} - {None}
    names = {n for text in [row["policy"], *(r["policy"] for r in head)] if text for n in text.split("+")}
    policies = data.ask(
        "findings_pack_policies", versions=sorted(versions), names=sorted(names), host=host, until=rests_on.until
    )
    return {
        "evidence": evidence, "actions": found["findings_actions"], "run": found["run_head"],
        "coverage": found["findings_pack_coverage"], "policies": policies, "triage": found["findings_history"],
    }  # fmt: skip


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The finding without what only the page needs."""
    return {name: value for name, value in row.items() if name != "status_row"}


def _made(account: Account) -> pack.Made:
    version = dict(context.ports().facts).get("Lictor", "")
    return pack.Made(account.name, account.role.name, datetime.now(UTC), version)


def _forget() -> None:
    st.session_state.pop(_MADE, None)
