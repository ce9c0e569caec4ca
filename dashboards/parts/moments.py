"""Two moments of a person's choice in place of a span that ends now: a begin and an end, in UTC, that stand in the address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

STEP = timedelta(minutes=1)
LAST = datetime(2200, 1, 1, tzinfo=UTC)
FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def choose(since: datetime, until: datetime, key: str) -> tuple[datetime, datetime] | None:
    """A menu with both moments; what was chosen where a person pressed the button and the begin is before the end."""
    with st.popover("Dates", icon=":material/edit_calendar:", key=f"{key}_open"):
        begin = _moment("From (UTC)", since, f"{key}_since_{since.isoformat()}")
        end = _moment("Until (UTC)", until, f"{key}_until_{until.isoformat()}")
        if begin and end and begin >= end:
            st.caption("The begin is not before the end.")
        fit = begin is not None and end is not None and begin < end
        pressed = st.button("Show this time", key=f"{key}_show", type="primary", disabled=not fit)
    return (begin, end) if pressed and fit and begin and end else None


def _moment(label: str, value: datetime, key: str) -> datetime | None:
    naive = min(max(value, FIRST), LAST).astimezone(UTC).replace(tzinfo=None)
    chosen = st.datetime_input(
        label, naive, key=key, step=STEP, format="YYYY-MM-DD",
        min_value=FIRST.replace(tzinfo=None), max_value=LAST.replace(tzinfo=None),
    )  # fmt: skip
    return chosen.replace(tzinfo=UTC) if chosen else None
