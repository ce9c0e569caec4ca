"""Two moments are what was chosen, in UTC, and a span that has no length cannot be chosen."""

from __future__ import annotations

from datetime import UTC, datetime

from streamlit.testing.v1 import AppTest


def script():
    from datetime import UTC, datetime, timedelta, timezone  # noqa: PLC0415 - AppTest runs this function's text by itself

    import streamlit as st  # noqa: PLC0415

    from dashboards.parts import moments  # noqa: PLC0415

    east = timezone(timedelta(hours=2))
    st.session_state["got"] = moments.choose(
        datetime(2026, 1, 2, 3, 30, tzinfo=east), datetime(2026, 1, 5, tzinfo=UTC), "t"
    )


def test_nothing_is_chosen_before_the_button():
    at = AppTest.from_function(script).run()
    assert not at.exception
    assert at.session_state["got"] is None
    assert [w.value for w in at.datetime_input] == [datetime(2026, 1, 2, 1, 30), datetime(2026, 1, 5)]  # noqa: DTZ001 - the widget has no zones


def test_both_moments_are_utc():
    at = AppTest.from_function(script).run()
    at.datetime_input[0].set_value(datetime(2026, 1, 3, 12, 15)).run()  # noqa: DTZ001 - as above
    at.button[0].click().run()
    assert at.session_state["got"] == (datetime(2026, 1, 3, 12, 15, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))


def test_a_begin_behind_the_end_is_told():
    at = AppTest.from_function(script).run()
    at.datetime_input[0].set_value(datetime(2026, 1, 6)).run()  # noqa: DTZ001 - as above
    assert at.button[0].disabled
    assert at.caption[0].value == "The begin is not before the end."
