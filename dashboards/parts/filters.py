"""The filters that stand above most pages: time, agents, hosts, users. They live in the address, so that a link shows the same.

What is in the address is text that anybody may have written: it is read by its type, and only then bound to a question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from dashboards import data
from pipeline.escape import visible
from queries.parameters import ParameterError, duration, moment

SPANS: dict[str, str] = {
    "1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days", "3650d": "All time",
}  # fmt: skip
CHOSEN = "chosen"
"""Two moments instead of a span that ends now."""
DEFAULT = "7d"
MANY = 200
"""Values that a filter takes from the address at most."""
_STEP = timedelta(seconds=10)
"""A span ends at a round time: the same question within it is asked once for all who look."""


@dataclass(frozen=True)
class Filters:
    """What is asked for: ``since`` to ``until``, and only these agents, hosts and users where some are named."""

    since: datetime
    until: datetime
    agents: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()

    def values(self, *names: str) -> dict[str, Any]:
        """As parameters of a question: the time, and those of ``agents``, ``hosts``, ``users`` that it takes."""
        lists = {"agents": list(self.agents), "hosts": list(self.hosts), "users": list(self.users)}
        return {"since": self.since, "until": self.until} | {n: lists[n] for n in names}


def bar(*names: str, default: str = DEFAULT) -> Filters:
    """Draws the filters and gives what is chosen. ``names``: some of agents, hosts, users. Raises ``DashboardError``."""
    columns = st.columns([2, *([2] * len(names)), 1], vertical_alignment="bottom")
    with columns[0]:
        since, until = _span(default)
    chosen: dict[str, tuple[str, ...]] = {}
    if names:
        options = {r["kind"]: r["names"] or [] for r in data.ask("filter_options").to_pylist()}
        for column, name in zip(columns[1:], names, strict=False):
            with column:
                chosen[name] = _several(name, options.get(name, []))
    with columns[-1]:
        if st.button(
            "Reset", icon=":material/filter_alt_off:", type="tertiary", help="Remove all filters", key="filters_reset"
        ):
            st.query_params.clear()
            st.session_state["_filters_turn"] = turn() + 1
            st.rerun()
    return Filters(since, until, **chosen)


def now() -> datetime:
    """The present as spans end at it."""
    present = datetime.now(UTC)
    return present - timedelta(seconds=present.timestamp() % _STEP.total_seconds()) + _STEP


def turn() -> int:
    """How often all filters were removed: part of the key of each, so that it begins anew then."""
    return int(st.session_state.get("_filters_turn", 0))


def _key(name: str) -> str:
    """Of a widget of the bar. To Streamlit the bar of each page is another one, whatever the key: what one page's knew is not known there."""
    return f"filters_{name}_{turn()}_{st.session_state.get('_page')}"


def follow(key: str, given: Any) -> None:
    """Before a widget is drawn: have it show what the address says, wherever that is not what this widget itself put there.

    A widget keeps what was chosen in it. After a link or the browser's way back the address is right and the widget is not.
    """
    if key not in st.session_state or st.session_state.get(f"{key}_put") != given:
        st.session_state[key] = given
    st.session_state[f"{key}_put"] = given


def put(key: str, name: str, picked: str | list[str]) -> None:
    """After it: what is chosen stands in the address as ``name``."""
    if picked:
        st.query_params[name] = picked
    else:
        st.query_params.pop(name, None)
    st.session_state[f"{key}_put"] = picked


def _span(default: str) -> tuple[datetime, datetime]:
    given = st.query_params.get("since", default)
    explicit = "until" in st.query_params or given not in SPANS
    options = [*SPANS, CHOSEN] if explicit else list(SPANS)
    key = _key(f"span_{explicit}")
    follow(key, CHOSEN if explicit else given)
    picked = st.selectbox("Time", options, key=key, format_func=lambda s: SPANS.get(s) or _chosen_text())
    if picked != CHOSEN:
        if picked != given or explicit:  # what nobody chose stands in no address: an address is what is recorded
            put(key, "since", picked)
            st.query_params.pop("until", None)
        return now() - duration(picked), now()
    try:
        return _moments()
    except ParameterError:
        st.warning("The time in the address cannot be read; the default is shown.")
        return now() - duration(default), now()


def _chosen_text() -> str:
    try:
        since, until = _moments()
    except ParameterError:
        return "Chosen"
    return f"{since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} UTC"


def _moments() -> tuple[datetime, datetime]:
    """Begin and end as the address has them: moments, or how long ago. Raises ``ParameterError``."""
    since, until = st.query_params.get("since", DEFAULT), st.query_params.get("until")
    end = moment(until) if until else now()
    try:
        return now() - duration(since), end
    except ParameterError:
        return moment(since), end


def _several(name: str, options: list[str]) -> tuple[str, ...]:
    given = list(dict.fromkeys(st.query_params.get_all(name)))[:MANY]
    known = list(dict.fromkeys([*options, *given]))
    key = _key(name)
    follow(key, given)
    picked = st.multiselect(name.capitalize(), known, key=key, placeholder="All", format_func=visible)
    if list(picked) != given:
        put(key, name, picked)
    return tuple(picked)
