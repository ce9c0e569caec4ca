"""Audit search: who did what, when, on what, and what came of it, as in Purview Audit. A search is an address, and a row of the journal."""

from __future__ import annotations

import streamlit as st

from dashboards import context, who
from dashboards.interface import DashboardError, Role
from dashboards.parts import downloads, filters, links, record, states, table
from dashboards.search import criteria, form, saved, telling
from dashboards.search.asking import Search
from dashboards.search.records import IDENTITY, RECORDS
from pipeline.escape import visible

given = criteria.read({name: st.query_params.get_all(name) for name in st.query_params})
if given.record == "console" and not who.may(Role.admin):
    context.ports().journal.write(who.account(), "search", outcome="denied", page="audit", object=given.record)
    raise DashboardError("what people did here is shown to the role admin")
form.record(given)
chosen = filters.bar(*RECORDS[given.record].bar)
if given.ignored:
    st.warning("The address has values that no filter of this type of record knows; they are left out.")
    st.code(visible(", ".join(given.ignored)), language=None, wrap_lines=True)
wanted = form.draw(given)
if wanted:
    form.address(wanted)
    st.session_state.pop(telling.KEPT, None)
    st.rerun()

given = criteria.read({name: st.query_params.get_all(name) for name in st.query_params})  # the bar may have changed it
address = {name: list(st.query_params.get_all(name)) for name in sorted(st.query_params)}
about = (address, who.account())
if st.session_state.get("audit_about") != about:
    st.session_state.pop(telling.KEPT, None)
    st.session_state["audit_about"] = about
search: Search | None = st.session_state.get(telling.KEPT)
if search is None:
    search = Search(given, (chosen.since, chosen.until), content=who.may(Role.analyst))
    with st.spinner("Searching, newest first …"):
        search.begin()
    telling.recorded(search, address)
    st.session_state[telling.KEPT] = search
found = search.found

with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown(telling.count(search), width="content")
    st.space("stretch")
    columns = table.choice(
        f"audit_{given.record}",
        [c for c in found.rows.column_names if c not in IDENTITY],
        RECORDS[given.record].columns,
    )
    saved.offer("audit", address)
    if given.record == "activity":
        links.to("explorer", "Explore", {k: v for k, v in address.items() if k in form.KEPT})
    downloads.offer(f"audit-{given.record}", "audit_export", search.everything, telling.asked(search, address))

if found.rows.num_rows:
    key = f"audit_rows_{given.record}_{len(search.pages)}"
    picked = table.picked(key)
    left, right = st.columns([3, 2], gap="small") if picked is not None else (st.container(), None)
    with left:
        row = table.show(found.rows, key, columns=columns, alt="Rows found, newest first", height=560)
    if row and right:
        with right:
            telling.links_of(given.record, row)
            record.show(telling.whole(given.record, row), f"{key}_record")
else:
    states.empty(*telling.nothing(search))

with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(telling.reach(search), width="content")
    st.space("stretch")
    if len(search.pages) > 1 and st.button("Newer", icon=":material/chevron_left:", key="audit_newer"):
        search.newer()
        st.rerun()
    unfinished = not found.more and not found.whole(search.span[0])
    if unfinished and st.button("Go on searching", icon=":material/history:", key="audit_on", help="For ten seconds"):
        with st.spinner("Looking further back …"):
            search.go_on()
        telling.recorded(search, address)
        st.rerun()
    if found.more and st.button("Older", icon=":material/chevron_right:", key="audit_older"):
        search.older()
        telling.recorded(search, address)
        st.rerun()
