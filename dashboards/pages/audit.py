"""Audit search: who did what, when, on what, and what came of it, as in Purview Audit. A search is an address, and a row of the journal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pyarrow as pa
import streamlit as st

from dashboards import context, data, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import downloads, filters, links, record, states, table
from dashboards.search import criteria, saved, slices
from pipeline.escape import visible

PAGE = 200
ONE = timedelta(microseconds=1)

chosen = filters.bar("agents", "hosts", "users")
given = criteria.read({name: st.query_params.get_all(name) for name in st.query_params})
if given.ignored:
    st.warning("The address has values that no filter knows; they are left out.")
    st.code(visible(", ".join(given.ignored)), language=None, wrap_lines=True)
records = [r for r in criteria.RECORDS if r != "console" or who.may(Role.admin)]
if given.record not in records:
    raise DashboardError("what people did here is shown to the role admin")

with st.form("audit_search", border=True):
    left, middle, right = st.columns(3)
    kind = left.selectbox(
        "Record type",
        records,
        index=records.index(given.record),
        format_func=criteria.RECORDS.__getitem__,
        required=True,
    )
    activities = middle.multiselect(
        "Activities", criteria.ACTIVITIES, default=list(given.activities), placeholder="All"
    )
    verdicts = right.multiselect("Verdicts", criteria.VERDICTS_SHOWN, default=list(given.verdicts), placeholder="All")
    wanted = left.text_input(
        "Object",
        given.object,
        placeholder="/etc/**, *.pem, 203.0.113.7",
        max_chars=criteria.LONGEST,
        help="A path or address, or a pattern with * and **; other text may stand anywhere",
    )
    keyword = middle.text_input(
        "Keyword",
        given.keyword,
        max_chars=criteria.LONGEST,
        help="In paths, addresses and rules; for analysts also in command lines",
    )
    operations = right.multiselect(
        "Operations", criteria.OPERATIONS_SHOWN, default=list(given.operations), placeholder="All"
    )
    run = left.text_input("Run", given.run, max_chars=criteria.LONGEST)
    rule = middle.text_input("Rule", given.rule, max_chars=criteria.LONGEST)
    searched = right.form_submit_button("Search", icon=":material/search:", type="primary")
if searched:
    asked = criteria.Criteria(
        kind or given.record,
        (),
        (),
        (),
        tuple(activities),
        tuple(operations),
        given.classes,
        tuple(verdicts),
        given.labels,
        wanted,
        keyword,
        run,
        rule,
    )
    kept = {
        n: st.query_params.get_all(n) for n in ("since", "until", "agents", "hosts", "users") if n in st.query_params
    }
    st.query_params.from_dict({**kept, **asked.query()})
    st.session_state.pop("audit_until", None)
    st.rerun()

content = who.may(Role.analyst)
values = given.values(content=content)
question = f"audit_{given.record}"
address = tuple(sorted((k, tuple(st.query_params.get_all(k))) for k in st.query_params))
if st.session_state.get("audit_address") != address:
    st.session_state["audit_address"] = address
    st.session_state["audit_until"] = [chosen.until]
turns: list[datetime] = st.session_state.setdefault("audit_until", [chosen.until])


def asked_of(since: datetime, until: datetime, most: int) -> pa.Table:
    """Rows of a slice of time."""
    return data.ask(question, limit=most, **{**values, "since": since, "until": until})


with st.spinner("Searching, newest first …"):
    found = slices.newest(asked_of, chosen.since, turns[-1], PAGE)
if st.session_state.get("audit_journaled") != (address, turns[-1]):
    detail = {"query": {k: list(v) for k, v in address}, "rows": found.rows.num_rows}
    context.ports().journal.write(
        who.account(), "search", outcome="success", page="audit", object=given.record, detail=detail
    )
    st.session_state["audit_journaled"] = (address, turns[-1])

counted = given.counted()
with st.container(horizontal=True, vertical_alignment="center"):
    if counted is not None:
        total = data.ask("audit_count", **{**counted, "since": chosen.since, "until": chosen.until})["events"][
            0
        ].as_py()
        st.markdown(f"**{total:,}** rows in these hours", width="content")
    downloads.offer(
        f"audit-{given.record}",
        "audit_export",
        lambda most: asked_of(chosen.since, chosen.until, most),
        {"query": {k: list(v) for k, v in address}},
    )
    with st.popover("Saved searches", icon=":material/bookmark:"):
        known = saved.all_of_them()
        for name, query in known.items():
            links.to("audit", name, query, icon=":material/bookmark:")
        if who.may(Role.analyst):
            new = st.text_input("Save this search as", key="audit_save_name", max_chars=saved.LONGEST_NAME)
            if st.button("Save for all", key="audit_save", disabled=not new.strip()):
                saved.save(new, {k: list(v) for k, v in address})
                st.rerun()
            gone = (
                st.selectbox(
                    "Remove", list(known), index=None, key="audit_drop_name", placeholder="None", format_func=visible
                )
                if known
                else None
            )
            if gone and st.button("Remove for all", key="audit_drop"):
                saved.drop(gone)
                st.rerun()
    if given.record == "activity":
        links.to(
            "explorer",
            "In the activity explorer",
            {k: list(v) for k, v in address if k in {"since", "until", "agents", "hosts", "users"}},
        )

if found.rows.num_rows:
    shown = [c for c in found.rows.column_names if c not in criteria.IDENTITY]
    columns = st.multiselect(
        "Columns",
        shown,
        default=[c for c in criteria.DEFAULT_COLUMNS[given.record] if c in shown],
        key=f"audit_columns_{given.record}",
        label_visibility="collapsed",
        placeholder="Columns",
    )
    row = table.show(found.rows, f"audit_rows_{given.record}", columns=columns or shown, alt="Rows found, newest first")
    if row:
        with st.container(border=True):
            if given.record == "activity":
                one = data.ask(
                    "audit_record",
                    time_ns=row["time_ns"],
                    seq=-1 if row["seq"] is None else row["seq"],
                    run=row["run"] or "",
                    since=row["time"] - ONE,
                    until=row["time"] + 2 * ONE,
                )
                text = one["record"][0].as_py() if one.num_rows else None
                if text and content:
                    context.ports().journal.write(
                        who.account(),
                        "reveal",
                        outcome="success",
                        page="audit",
                        object=f"{row['host']} {row['time_ns']}",
                        agent_run=row["run"],
                    )
                    row = json.loads(text)
                    row["run"] = row.get("agent_run")
            if row.get("run"):
                links.to("run", f"Run {row['run']}", {"run": str(row["run"])})
            if given.record == "findings":
                links.to("findings", "This finding", {"finding": row["id"]})
            record.show(row, "audit_record")
else:
    states.empty(
        "Nothing was found.",
        "A longer time, fewer filters, or the lake's coverage (Health and integrity) may tell why.",
    )

with st.container(horizontal=True, vertical_alignment="center"):
    if len(turns) > 1 and st.button("Newer", icon=":material/chevron_left:", key="audit_newer"):
        turns.pop()
        st.rerun()
    if found.whole(chosen.since):
        st.caption(f"All of the time since {slices.day(chosen.since)} was searched.")
    else:
        st.caption(f"Searched back to {slices.day(found.reached)}.")
        last = found.rows["time"][-1].as_py() + ONE if found.full and found.rows.num_rows else found.reached
        if st.button("Older", icon=":material/chevron_right:", key="audit_older"):
            turns.append(last)
            st.rerun()
