"""Hunting: questions of the catalogue with their techniques, SQL of one's own, and what came of it as table and chart."""

from __future__ import annotations

import streamlit as st

from dashboards import workbench
from dashboards.hunting import catalogue, drawing
from dashboards.interface import DashboardError
from dashboards.parts import downloads, filters, links, record, states, table
from pipeline import schema
from queries.catalog import load
from queries.hunting import Hunt, hunts

FIRST = "SELECT time, agent, host, operation, path, verdict\nFROM activity\nWHERE verdict = 'deny'\nORDER BY time DESC\nLIMIT 200"
chosen = filters.bar(default="24h")


def shown(key: str) -> None:
    """The answer that was got last, if it is still about this question."""
    kept = st.session_state.get(f"{key}_answer")
    if kept is None:
        return
    sql, answer = kept
    rows = answer.rows
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{rows.num_rows:,}** rows in {answer.seconds:.1f} s", width="content")
        if answer.cut:
            st.caption(f"Cut at {workbench.ROWS:,}; the export has more.", width="content")
        st.space("stretch")
        downloads.offer(key, f"{key}_export", lambda most: workbench.query(sql, limit=most), {"sql": sql})
    if not rows.num_rows:
        states.empty("Nothing is so in this time.", "Coverage (Health and integrity) tells whether an absence is one.")
        return
    row = table.show(rows, f"{key}_rows", alt="Rows found")
    if row:
        run = row.get("agent_run") or row.get("run")
        if run:
            links.to("run", f"Run {run}", {"run": str(run)})
        record.show(row, f"{key}_record")
    axes = drawing.axes(rows)
    with st.expander("Chart", expanded=False, icon=":material/bar_chart:"):
        left, right = st.columns(2)
        x = left.selectbox("Over", axes.x, key=f"{key}_x")
        y = right.selectbox("How much", axes.y, key=f"{key}_y")
        if x and y:
            st.altair_chart(
                drawing.chart(drawing.totals(rows, x, y), x, y),
                key=f"{key}_chart",
                alt="Chart of the result; the same numbers are in the table",
            )


def run(key: str, name: str, sql: str) -> None:
    """Ask, and keep the answer."""
    st.session_state.pop(f"{key}_answer", None)
    try:
        with st.spinner(f"Asking, for at most {workbench.SECONDS:.0f} s …"):
            st.session_state[f"{key}_answer"] = (sql, workbench.run(sql, page="hunting", name=name))
    except DashboardError as error:
        states.failed(error)


def listed() -> None:
    """The catalogue."""
    left, right = st.columns([2, 1])
    tactics = left.multiselect("Tactics", catalogue.tactics(), placeholder="All", key="hunting_tactics")
    text = right.text_input("Find", key="hunting_find", placeholder="credential, T1552 …", max_chars=100)
    rows = catalogue.rows(list(tactics), text)
    if not rows.num_rows:
        states.empty("No hunt of the catalogue is so.")
        return
    row = table.show(rows, "hunting_catalogue", alt="Catalogue of hunts, the most severe first", height=560)
    st.caption(
        f"{rows.num_rows} of {len(hunts())} hunts. All of them run every minute under lictor detect; here they look at the time above."
    )
    if row:
        links.go(
            "hunting", hunt=row["name"], **{n: st.query_params[n] for n in ("since", "until") if n in st.query_params}
        )


def one(hunt: Hunt) -> None:
    """A hunt that was chosen: what it means, its parameters, and what it finds."""
    links.to("hunting", "All hunts", icon=":material/arrow_back:")
    st.subheader(hunt.title, anchor=False)
    st.text(hunt.answers)
    with st.container(horizontal=True):
        st.badge(
            hunt.severity,
            color="red" if hunt.severity in {"critical", "high"} else "orange" if hunt.severity == "medium" else "gray",
        )
        for technique in (*hunt.tactics, *hunt.techniques):
            st.badge(technique, color="gray")
    st.caption(f"False positives: {hunt.false_positives}")
    with st.form("hunting_parameters"):
        values = {
            p.name: st.text_input(
                p.name.replace("_", " ").capitalize(),
                placeholder=p.default,
                help=p.meaning,
                key=f"hunting_{hunt.name}_{p.name}",
            )
            for p in hunt.parameters
        }
        asked = st.form_submit_button("Hunt", icon=":material/travel_explore:", type="primary")
    key = f"hunt_{hunt.name}"
    sql = catalogue.sql(hunt, values, chosen.since, chosen.until)
    if asked:
        run(key, f"hunt:{hunt.name}", sql)
    shown(key)
    with st.expander("As SQL", icon=":material/code:"):
        st.code(sql, language="sql")
        if st.button("Open in the editor", key="hunting_edit"):
            st.session_state["hunting_sql"] = sql
            st.session_state["hunting_part"] = "SQL"
            links.go("hunting")


def editor() -> None:
    """SQL of one's own: read-only, in a process that may read the lake and nothing else."""
    left, right = st.columns([3, 1], gap="medium")
    with left:
        st.session_state.setdefault("hunting_sql", FIRST)
        sql = st.text_area("SQL", key="hunting_sql", height=220)
        if st.button("Run", key="hunting_run", icon=":material/play_arrow:", type="primary", disabled=not sql.strip()):
            run("sql", "sql", sql)
        st.caption(
            f"One SELECT, for at most {workbench.SECONDS:.0f} s and {workbench.ROWS:,} rows. What is asked here is recorded with its text."
        )
        shown("sql")
    with right:
        known = {name: {c.name: c.meaning for c in columns} for name, columns in schema.TABLES.items()} | {
            v.name: dict(v.columns) for v in load()
        }
        name = st.selectbox("Tables and views", sorted(known, key=str.lower), key="hunting_table")
        if name:
            st.dataframe(
                [{"column": c, "meaning": m} for c, m in known[name].items()],
                hide_index=True,
                height=420,
                key="hunting_columns",
                alt="Columns",
            )


named = st.query_params.get("hunt")
if named and named in hunts():
    one(hunts()[named])
else:
    if named:
        st.warning("The address names a hunt that the catalogue does not have.")
    part = st.segmented_control(
        "Part",
        ["Catalogue", "SQL"],
        default="Catalogue",
        key="hunting_part",
        required=True,
        label_visibility="collapsed",
    )
    if part == "SQL":
        editor()
    else:
        listed()
