"""SQL of a person's own: read-only, in a process that may read the lake and nothing else; what it can name stands beside it."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from dashboards import workbench
from dashboards.hunting import answers, schemas
from dashboards.interface import DashboardError
from dashboards.parts import filters, links, states, table
from dashboards.search import saved
from dashboards.workbench import ROWS, SECONDS, Question

KEY = "hunting_sql"
FIRST = """SELECT time, agent, host, operation, path, verdict, rule
FROM activity
WHERE verdict = 'deny' AND time > now() - INTERVAL 7 DAY
ORDER BY time DESC
LIMIT 200"""
LONGEST = 50_000
IN_ADDRESS = 4000
"""Characters of SQL that an address holds: browsers and proxies take no longer ones for sure."""
_KEPT = "_hunting_text"


def show() -> None:
    """The editor, and the answer to what was asked last."""
    left, right = st.columns([3, 1], gap="medium")
    with left:
        _asking()
    with right:
        _schema()
    answer = answers.latest(KEY, KEY)
    if answer:
        if answer.question.sql != st.session_state.get(_KEPT):
            st.caption(":material/info: This is the answer to what was run last; the text above is another one.")
        answers.show(answer, KEY)


def opened(sql: str) -> NoReturn:
    """Leave for the editor with this text in it."""
    st.session_state[_KEPT] = sql
    links.go("hunting", **({"sql": sql} if len(sql) <= IN_ADDRESS else {"part": "sql"}))
    raise AssertionError  # the page has ended


def _asking() -> None:
    text_key = f"{KEY}_text"
    filters.follow(text_key, st.query_params.get("sql") or st.session_state.get(_KEPT, FIRST))
    sql = st.text_area(
        "SQL", key=text_key, height=360, max_chars=LONGEST, help="One SELECT; Ctrl and Enter ends typing"
    )
    st.session_state[_KEPT] = sql
    st.session_state[f"{text_key}_put"] = sql
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Run", key=f"{KEY}_run", icon=":material/play_arrow:", type="primary", disabled=not sql.strip()
        )
        st.caption(f"Read-only, at most {SECONDS:.0f} s and {ROWS:,} rows; recorded with its text.", width="content")
        st.space("stretch")
        saved.offer("hunting", {"sql": [sql]} if len(sql) <= IN_ADDRESS else None)
    if pressed:
        _run(sql)


def _run(sql: str) -> None:
    """Ask it, and have the address show it."""
    if len(sql) <= IN_ADDRESS:
        st.query_params["sql"] = sql
    else:
        st.query_params.pop("sql", None)
    try:
        workbench.start(KEY, Question(sql, "sql", KEY))
    except DashboardError as error:
        states.failed(error)


def _schema() -> None:
    """Tables and views with their columns."""
    known = schemas.relations()
    name = st.selectbox("Tables and views", list(known), key=f"{KEY}_relation")
    if not name:
        return
    st.caption(known[name].answers)
    table.show(known[name].rows(), f"{KEY}_columns_{name}", select=False, height=220, alt=f"Columns of {name}")
    st.code(known[name].first(), language="sql")
