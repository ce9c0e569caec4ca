"""Filters: what the address says is what is shown, and what is chosen is what the address says; nonsense is said, not raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboards.parts import filters


def page():
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's text by itself

    from dashboards.parts import filters as own  # noqa: PLC0415 - as above

    chosen = own.bar("agents", "hosts")
    st.session_state["chosen"] = chosen


@pytest.fixture
def bar(stage):
    stage.page("overview")  # installs the ports

    def run(**query):
        at = AppTest.from_function(page, default_timeout=60)
        for name, value in query.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception
        return at, at.session_state["chosen"]

    return run


def near(span, wanted):
    return abs(span - wanted) < timedelta(seconds=15)


@pytest.mark.parametrize("span", list(filters.SPANS))
def test_a_span_ends_now(bar, span):
    _, chosen = bar(since=span)
    assert near(chosen.until - chosen.since, filters.duration(span))
    assert near(chosen.until, datetime.now(UTC))


def test_two_moments(bar):
    _, chosen = bar(since="2026-01-01T00:00:00Z", until="2026-01-02T12:00:00Z")
    assert (chosen.since, chosen.until) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 12, tzinfo=UTC))


def test_one_moment_is_until_now(bar):
    _, chosen = bar(since="2026-01-01")
    assert chosen.since == datetime(2026, 1, 1, tzinfo=UTC)
    assert near(chosen.until, datetime.now(UTC))


@pytest.mark.parametrize("given", ["yesterday", "'; DROP", "9" * 50 + "d", ""])
def test_a_time_that_cannot_be_read_is_said(bar, given):
    at, chosen = bar(since=given, until="x")
    assert at.warning
    assert near(chosen.until - chosen.since, timedelta(days=7))


def test_values_of_the_address_are_chosen_also_unknown_ones(bar):
    _, chosen = bar(agents=["scripted", "<b>nobody</b>"])
    assert chosen.agents == ("scripted", "<b>nobody</b>")
    assert chosen.hosts == ()


def test_a_choice_stands_in_the_address_and_is_removed_again(bar):
    at, _ = bar()
    at.multiselect[0].select("scripted").run()
    assert at.query_params["agents"] in ("scripted", ["scripted"])
    assert at.session_state["chosen"].agents == ("scripted",)
    at.selectbox[0].select("24h").run()
    assert at.query_params["since"] in ("24h", ["24h"])
    at.button[0].click().run()
    assert "agents" not in at.query_params
    assert at.session_state["chosen"].agents == ()


def test_the_address_wins_over_what_was_chosen_before(bar):
    at, _ = bar(agents=["scripted"])
    at.query_params["agents"] = []
    at.run()
    assert at.session_state["chosen"].agents == ()


def test_the_way_back_takes_back_what_was_chosen_in_a_filter(bar):
    at, _ = bar()
    at.multiselect[0].select("scripted").run()
    at.selectbox[0].select("24h").run()
    del at.query_params["since"]
    at.run()
    assert (at.session_state["chosen"].agents, at.selectbox[0].value) == (("scripted",), filters.DEFAULT)
    del at.query_params["agents"]
    at.run()
    assert at.session_state["chosen"].agents == ()
    assert "agents" not in at.query_params


def test_a_value_that_stands_twice_in_the_address_is_one(bar):
    _, chosen = bar(agents=["scripted", "scripted"])
    assert chosen.agents == ("scripted",)


@given(st.sets(st.sampled_from(["agents", "hosts", "users"])))
def test_values_are_those_that_a_question_takes(names):
    made = filters.Filters(datetime.now(UTC), datetime.now(UTC), ("a",), (), ("u",)).values(*names)
    assert set(made) == {"since", "until", *names}


def test_dates_can_be_chosen_in_place_of_a_span(bar):
    at, chosen = bar(since="24h")
    at.selectbox[0].select(filters.CHOSEN).run()
    assert not at.exception
    assert near(at.session_state["chosen"].since, chosen.since)
    at.datetime_input[0].set_value(datetime(2026, 1, 3, 12, 15)).run()  # noqa: DTZ001 - the widget has no zones
    next(b for b in at.button if b.label == "Show this time").click().run()
    assert not at.exception
    assert at.session_state["chosen"].since == datetime(2026, 1, 3, 12, 15, tzinfo=UTC)
    at.selectbox[0].select("1h").run()
    assert near(at.session_state["chosen"].since, datetime.now(UTC) - timedelta(hours=1))
    assert "until" not in at.query_params
