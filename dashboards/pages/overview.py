"""Overview: what goes on now, what was denied and found, where data went, and whether anything was missed. Every number leads to its rows."""

from __future__ import annotations

import pyarrow.compute as pc
import streamlit as st

from dashboards import data, overview
from dashboards.parts import charts, filters, links, states, table

chosen = filters.bar("agents", "hosts", "users")
width = charts.step(chosen.since, chosen.until, overview.HOUR)
who_where = chosen.values("agents", "hosts", "users")
found = data.ask_all({
    "overview_runs": {k: who_where[k] for k in ("agents", "hosts", "users")},
    "overview_verdicts": {**who_where, "width": width},
    "overview_findings": chosen.values("hosts"),
    "overview_network": who_where,
    "overview_sensitive": who_where,
    "overview_coverage": chosen.values("hosts"),
})  # fmt: skip
ranked_since = overview.egress_since(found["overview_network"], chosen.since)
found["overview_egress"] = data.ask("overview_egress", **{**who_where, "since": ranked_since})
where = overview.address(chosen)
runs, verdicts, coverage = found["overview_runs"], found["overview_verdicts"], found["overview_coverage"]

for column, tile in zip(st.columns(6), overview.tiles(found), strict=True):
    with column:
        st.metric(tile.label, tile.value, border=True, help=tile.meaning)
        links.to(tile.page, tile.link, {**where, **tile.query})

if not verdicts.num_rows:
    states.empty(
        "No activity in this time, for these filters.",
        "lictor run -- AGENT records one agent, lictor watch every agent of a machine. A longer time may show more.",
    )
left, right = st.columns([3, 2], gap="medium")
with left:
    st.subheader("What policy said")
    if verdicts.num_rows:
        picked = charts.over_time(
            verdicts, time="time", count="events", colour="verdict", palette=charts.VERDICT, width=width,
            span=(chosen.since, chosen.until), key="overview_verdicts", alt_text="Events over time by verdict",
        )  # fmt: skip
        if picked:
            links.to("audit", f"Rows with verdict {', '.join(picked)}", {**where, "verdicts": picked})
        st.caption("Counted by the hour, from activity_hourly; up to the last second.")
with right:
    st.subheader("Findings")
    findings = found["overview_findings"]
    if findings.num_rows:
        severe = charts.ranked(
            overview.by_severity(findings), name="severity", count="findings", colour="severity", palette=charts.SEVERITY,
            key="overview_findings", alt_text="Findings by severity",
        )  # fmt: skip
        links.to(
            "findings", f"Findings: {', '.join(severe)}" if severe else "All findings", {**where, "severity": severe}
        )
    else:
        states.empty("Nothing was found in this time.", "lictor detect looks every minute.")

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Egress")
    egress = found["overview_egress"]
    if egress.num_rows:
        to = charts.ranked(
            egress, name="destination", count="attempts", colour="scope", palette=charts.SCOPE, key="overview_egress",
            alt_text="Connections by destination",
        )  # fmt: skip
        links.to(
            "audit",
            f"Rows to {to[0]}" if to else "All connections",
            {**where, "classes": "network", "object": to[:1]},
        )
    else:
        states.empty("Nobody connected anywhere in this time.")
with right:
    st.subheader("Sensitive data touched")
    sensitive = found["overview_sensitive"]
    if sensitive.num_rows:
        label = charts.ranked(
            sensitive,
            name="label",
            count="touched",
            key="overview_sensitive",
            alt_text="File events by sensitivity label",
        )
        links.to(
            "explorer", f"Rows with label {label[0]}" if label else "All labelled rows", {**where, "label": label[:1]}
        )
    else:
        states.empty(
            "No file with a label was touched.", "Labels are given by policies: see labels in policies/README.md."
        )

st.subheader("Runs that go on")
if runs.num_rows:
    row = table.show(runs, "overview_runs", alt="Runs that go on", columns=[
        "started", "agent", "host", "user", "mode", "policy", "command", "run",
    ])  # fmt: skip
    if row:
        links.go("run", run=row["run"])
else:
    states.empty("No run goes on.", "Runs that ended are on the page Run.")

st.subheader("Coverage")
if coverage.num_rows:
    table.show(coverage, "overview_coverage", select=False, alt="Coverage by host")
    if pc.sum(coverage["lost"]).as_py() or pc.sum(coverage["unknown"]).as_py():
        st.warning("Something was lost in this time: an absence may not be one.", icon=":material/warning:")
    links.to("health", "Coverage by interval", where)
else:
    states.empty("No collector reported in this time.", "lictor doctor tells what this machine permits.")
