"""Hunting: questions of the catalogue with their techniques, SQL of one's own, and what came of it as table and chart."""

from __future__ import annotations

import streamlit as st

from dashboards.hunting import catalogue, editor, one
from dashboards.parts import filters, links, states, table
from pipeline.schema import SEVERITIES
from queries.hunting import hunts

CATALOGUE, SQL = "Catalogue", "SQL"


def listed() -> None:
    """The catalogue: a click on a hunt opens it."""
    left, middle, right = st.columns([2, 1, 1])
    tactics = left.multiselect("Tactics", catalogue.tactics(), placeholder="All", key="hunting_tactics")
    severities = middle.multiselect("Severities", SEVERITIES[::-1], placeholder="All", key="hunting_severities")
    text = right.text_input("Find", key="hunting_find", placeholder="credential, T1552 …", max_chars=100)
    rows = catalogue.rows(tactics, text, severities)
    if not rows.num_rows:
        states.empty("No hunt of the catalogue is so.", "Fewer filters show more; SQL asks anything else.")
        return
    row = table.show(rows, "hunting_catalogue", alt="Catalogue of hunts, the most severe first", height=620)
    st.caption(f"{rows.num_rows} of {len(hunts())} hunts. Choose one to ask it about a time.")
    if row:
        kept = {n: st.query_params[n] for n in ("since", "until") if n in st.query_params}
        links.go("hunting", hunt=row["name"], **kept)


def parts() -> None:
    """The catalogue or the editor, as the address has it."""
    given = SQL if "sql" in st.query_params or st.query_params.get("part") == "sql" else CATALOGUE
    filters.follow("hunting_part", given)
    part = st.segmented_control(
        "Part", [CATALOGUE, SQL], key="hunting_part", required=True, label_visibility="collapsed"
    )
    if part != given:
        st.query_params.from_dict({"part": "sql"} if part == SQL else {})
        st.rerun()
    if part == SQL:
        editor.show()
    else:
        listed()


named = st.query_params.get("hunt")
if named is not None and named in hunts():
    one.show(hunts()[named], filters.bar(default="24h"))
else:
    if named is not None:
        st.warning("The address names a hunt that the catalogue does not have.")
    parts()
