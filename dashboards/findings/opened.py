"""One finding, drawn: what found it, what it rests on, what was done about it, what else there is, and who said what of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards import data, who
from dashboards.findings import dialog, packing, proof
from dashboards.findings.about import finder
from dashboards.findings.proof import Proof
from dashboards.findings.statuses import SEVERITY_COLOUR, STATUS_COLOUR, worded, words
from dashboards.findings.triage import standing
from dashboards.interface import Role
from dashboards.parts import links, plain, record, states, table
from pipeline.escape import visible
from queries import techniques

RELATED = timedelta(days=7)
ROUND = timedelta(seconds=2)


def show(finding: str) -> None:
    """The finding with this id. Raises ``DashboardError``."""
    found = data.ask("findings_one", finding=finding).to_pylist() if finding.isprintable() else []
    if not found:
        states.empty(
            f"The lake has no finding {visible(finding)}.", "It may be in another lake, or its address was cut."
        )
        return
    row = found[0]
    rests_on = proof.read(row["evidence"], row["time"])
    first, last = rests_on.around
    run, host = row["agent_run"] or "", row["host"] or ""
    answers = data.ask_all({
        "findings_evidence": {"finding": finding, "since": rests_on.since, "until": rests_on.until},
        "findings_actions": {"run": run, "host": host, "first": first, "last": last},
        "findings_related": {
            "finding": finding, "run": run, "rule": row["rule"] or "", "host": host,
            "first": row["time"] - RELATED, "last": row["time"] + RELATED,
        },
        "findings_history": {"finding": finding},
    })  # fmt: skip
    dialog.done()
    _head(row, rests_on)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _finder(row)
    with right:
        _history(answers["findings_history"])
    _evidence(answers["findings_evidence"], rests_on)
    _actions(answers["findings_actions"], row)
    _related(answers["findings_related"])


def _head(row: dict[str, Any], rests_on: Proof) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain.label(row["title"], 200), anchor=False, width="content")
        st.badge(plain.badge(row["severity"]), color=SEVERITY_COLOUR.get(row["severity"], "gray"))
        st.badge(plain.badge(words(row["status"])), color=STATUS_COLOUR.get(row["status"], "gray"))
    st.caption(plain.label(f"{row['time']:%Y-%m-%d %H:%M:%S} UTC · host {row['host']} · finding {row['id']}", 200))
    with st.container(horizontal=True, vertical_alignment="center"):
        dialog.button([standing(row)], "Set status", "findings_triage_one")
        packing.button(row, "findings_pack")
        if row["agent_run"]:
            links.to("run", f"Run {row['agent_run']}", {"run": row["agent_run"], **_moment(rests_on)})
        else:
            st.caption("It is about no single run.")


def _moment(rests_on: Proof) -> dict[str, str]:
    """The part of the run in which the evidence lies, as its page takes it."""
    if not rests_on.timed:
        return {}
    return {"since": (rests_on.since - ROUND).isoformat(), "until": (rests_on.until + ROUND).isoformat()}


def _finder(row: dict[str, Any]) -> None:
    by = finder(row["rule"], row["policy"])
    st.subheader("What found it", anchor=False)
    st.text(visible(plain.shortened(f"{by.kind}: {by.name}", 200)))
    if by.answers:
        st.text(visible(by.answers))
    if by.false_positives:
        st.caption("False positives")
        st.text(by.false_positives)
    known = techniques.listed(row["attack"])
    if known:
        named = pa.Table.from_pylist([{"id": t.id, "name": t.name, "catalogue": t.catalogue} for t in known])
        table.show(named, "findings_techniques", select=False, alt="Techniques of the finding")
    if by.hunt and who.may(Role.analyst):
        links.to("hunting", "Ask this hunt anew", {"hunt": by.hunt.name})


def _history(rows: pa.Table) -> None:
    st.subheader("Triage", anchor=False)
    if rows.num_rows:
        table.show(worded(rows), "findings_history", select=False, alt="Changes of the status, newest first")
    else:
        states.empty("Nobody has set a status.", "An analyst can: Set status.")


def _evidence(rows: pa.Table, rests_on: Proof) -> None:
    st.subheader("Evidence", anchor=False)
    if rests_on.facts:
        facts = [{"fact": str(k), "value": str(v)} for k, v in rests_on.facts.items()]
        table.show(pa.Table.from_pylist(facts), "findings_facts", select=False, alt="What the alarm is about")
        return
    if rests_on.named == 0:
        states.empty("This finding names no rows.")
        return
    if rows.num_rows:
        picked = table.show(rows, "findings_evidence", alt="Rows of activity that the finding rests on, in order")
        if picked:
            record.show(picked, "findings_row")
    if rows.num_rows < rests_on.named:
        st.warning(
            f"It names {rests_on.named} rows, and the lake has {rows.num_rows} of them: the others are beyond its retention.",
            icon=":material/warning:",
        )


def _actions(rows: pa.Table, row: dict[str, Any]) -> None:
    st.subheader("Actions and their proofs", anchor=False)
    if rows.num_rows:
        table.show(rows, "findings_actions", select=False, alt="Actions around the finding")
    else:
        what = "this run" if row["agent_run"] else "this host"
        states.empty(f"Nothing was done to {what} from five minutes before the evidence to an hour after it.")


def _related(rows: pa.Table) -> None:
    st.subheader("Related findings", anchor=False)
    if not rows.num_rows:
        states.empty("Nothing else was found in this run, nor by this rule on this host within a week.")
        return
    other = table.show(worded(rows), "findings_related", alt="Related findings")
    if other:
        links.go("findings", finding=other["id"])
