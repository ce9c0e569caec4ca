"""One hunt: what it means, its parameters, and what it finds in a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from dashboards import workbench
from dashboards.hunting import answers, catalogue, editor
from dashboards.interface import DashboardError
from dashboards.parts import links, plain, states
from dashboards.parts.filters import Filters
from dashboards.search import telling
from dashboards.workbench import Question
from pipeline.escape import visible
from queries.hunting import Hunt

KEY = "hunting_hunt"
COLUMNS = 3
LONGEST = 2000
_COLOURS = {"critical": "red", "high": "red", "medium": "orange"}


def show(hunt: Hunt, chosen: Filters) -> None:
    """The hunt over a time; it is asked where a person pressed the button."""
    span = {n: st.query_params[n] for n in ("since", "until") if n in st.query_params}
    links.to("hunting", "All hunts", span, icon=":material/arrow_back:")
    _told(hunt)
    values, stray = catalogue.given(hunt, {n: st.query_params.get_all(n) for n in st.query_params})
    if stray:
        st.warning("The address has values for parameters that this hunt does not have; they are left out.")
        st.code(visible(", ".join(stray)), language=None, wrap_lines=True)
    about = f"{hunt.title}: {hunt.name}"
    if (wanted := _form(hunt, values)) is not None:
        _put(wanted)
        _asked(hunt, wanted, about, chosen)
    answer = answers.latest(KEY, about)
    if answer:
        st.caption(plain.label(_asked_for(answer.question.detail), 300))
        answers.show(answer, KEY, meanings=hunt.result_columns, first=("time", "host", "agent", *hunt.columns, "exe"))
    _sql(hunt, values, chosen)


def _told(hunt: Hunt) -> None:
    st.subheader(hunt.title, anchor=False)
    st.text(hunt.answers)
    with st.container(horizontal=True, gap="small"):
        st.badge(hunt.severity, color=_COLOURS.get(hunt.severity, "gray"))  # type: ignore[arg-type]  # one of its words
        for word in (*hunt.tactics, *hunt.techniques):
            st.badge(word, color="gray")
    st.caption(f"False positives: {hunt.false_positives}")
    runs = (
        "lictor detect asks it every minute."
        if hunt.scheduled
        else f"Asked only here and by lictor hunt: {hunt.unscheduled}."
    )
    st.caption(runs)


def _form(hunt: Hunt, values: dict[str, str]) -> dict[str, str] | None:
    """Values of the parameters where a person pressed the button."""
    with st.form(f"{KEY}_{hunt.name}"):
        written = {}
        for begin in range(0, len(hunt.parameters), COLUMNS):
            for cell, one in zip(st.columns(COLUMNS), hunt.parameters[begin : begin + COLUMNS], strict=False):
                written[one.name] = cell.text_input(
                    one.name.replace("_", " ").capitalize(), values.get(one.name, ""), placeholder=one.default, max_chars=LONGEST,
                    help=f"{one.meaning}. Type: {one.type}; empty is the default.",
                )  # fmt: skip
        pressed = st.form_submit_button("Hunt", icon=":material/travel_explore:", type="primary")
    return {n: v for n, v in written.items() if v.strip()} if pressed else None


def _put(values: dict[str, str]) -> None:
    """Have the address hold these values, so that a link shows the same."""
    for name in [n for n in st.query_params if n.startswith(catalogue.PREFIX)]:
        del st.query_params[name]
    for name, value in values.items():
        st.query_params[catalogue.PREFIX + name] = value


def _asked(hunt: Hunt, values: dict[str, str], about: str, chosen: Filters) -> None:
    detail = {"hunt": hunt.name, "values": values, "since": chosen.since.isoformat(), "until": chosen.until.isoformat()}
    try:
        sql = catalogue.sql(hunt, values, chosen.since, chosen.until)
        workbench.start(KEY, Question(sql, f"hunt:{hunt.name}", about, detail=detail))
    except DashboardError as error:
        states.failed(error)


def _asked_for(detail: Mapping[str, Any]) -> str:
    """The time and the values that an answer is about: the form may show others meanwhile."""
    since, until = (datetime.fromisoformat(detail[n]) for n in ("since", "until"))
    values = "".join(f", {name} = {value}" for name, value in detail["values"].items())
    return f"{telling.day(since)} – {telling.day(until)}{values}"


def _sql(hunt: Hunt, values: dict[str, str], chosen: Filters) -> None:
    """The hunt as SQL, to be read and to be changed."""
    with st.expander("As SQL", icon=":material/code:"):
        try:
            sql = catalogue.sql(hunt, values, chosen.since, chosen.until)
        except DashboardError as error:
            states.failed(error)
            return
        if st.button("Open in the editor", key=f"{KEY}_edit", icon=":material/edit:"):
            editor.opened(sql)
        st.code("\n".join(map(visible, sql.split("\n"))), language="sql", height=360)
