"""The form of an audit search: what is in use, as the address has it, and what a person chose instead."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards import who
from dashboards.interface import Role
from dashboards.search import criteria
from dashboards.search.criteria import LONGEST, Criteria
from dashboards.search.records import BAR, FIELDS, MEANINGS, RECORDS, Field
from pipeline.escape import visible

COLUMNS = 5
KEPT = ("since", "until", *BAR)
"""What the bar above the form keeps in the address."""


def record(given: Criteria) -> None:
    """A choice of the type of record; another one takes the filters along that it has too."""
    seen = [name for name in RECORDS if name != "console" or who.may(Role.admin)]
    wanted = st.segmented_control(
        "Record type", seen, default=given.record, format_func=lambda name: RECORDS[name].title, required=True,
        key=f"audit_record_type_{given.record}", label_visibility="collapsed", help=MEANINGS[given.record],
    )  # fmt: skip
    if wanted and wanted != given.record:
        address(criteria.Criteria(wanted, {n: v for n, v in given.given.items() if n in RECORDS[wanted].takes()}))
        st.rerun()


def draw(given: Criteria) -> Criteria | None:
    """The filters; what is asked for where a person pressed Search, otherwise ``None``."""
    names = RECORDS[given.record].fields
    with st.form(f"audit_form_{given.record}", border=True):
        cells: list[st.delta_generator.DeltaGenerator] = []
        for begin in range(0, len(names) + 1, COLUMNS):
            cells += st.columns(COLUMNS, vertical_alignment="bottom")[: len(names) + 1 - begin]
        chosen = {n: _drawn(cell, n, FIELDS[n], given) for n, cell in zip(names, cells, strict=False)}
        with cells[-1]:
            pressed = st.form_submit_button("Search", icon=":material/search:", type="primary", width="stretch")
    bar = {name: given.given[name] for name in BAR if name in given.given}
    return criteria.made(given.record, {**bar, **chosen}) if pressed else None


def address(wanted: Criteria) -> None:
    """Put filters into the address in place of those that are there; the time stays."""
    kept = {n: st.query_params.get_all(n) for n in ("since", "until") if n in st.query_params}
    st.query_params.from_dict({**kept, **wanted.query()})


def _drawn(
    cell: st.delta_generator.DeltaGenerator, name: str, field: Field, given: Criteria
) -> str | Sequence[str] | None:
    """One filter. Its key is of its value: what the address says is what the form shows."""
    values = list(given.given.get(name, ()))
    if not field.several:
        return cell.text_input(
            field.label, "".join(values), max_chars=LONGEST, placeholder=field.placeholder, help=field.help
        )  # fmt: skip
    options = list(dict.fromkeys([*field.options, *values]))
    return cell.multiselect(
        field.label, options, default=values, placeholder=field.placeholder, help=field.help,
        accept_new_options=not field.options, format_func=visible,
    )  # fmt: skip
