"""A part that is drawn anew by itself tells what fails in it, and ends with the session."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import who
from dashboards.interface import Account, Role


def page():
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's text by itself

    from dashboards.interface import DashboardError  # noqa: PLC0415 - as above
    from dashboards.parts import live  # noqa: PLC0415 - as above

    def draw():
        st.text("seen")
        if st.session_state.get("fail"):
            raise DashboardError("the lake is gone")

    live.part(draw, going=False)


@pytest.fixture
def known():
    state = {"account": Account("a", Role.viewer, "local")}
    who.recognise_by(lambda: state["account"])
    yield state
    who._known.clear()


def test_it_is_drawn(known):
    at = AppTest.from_function(page).run()
    assert [t.value for t in at.text] == ["seen"]


def test_what_fails_is_told(known):
    at = AppTest.from_function(page)
    at.session_state["fail"] = True
    at.run()
    assert not at.exception
    assert at.code[0].value == "the lake is gone"


def test_it_ends_with_the_session(known):
    known["account"] = None
    at = AppTest.from_function(page).run()
    assert not at.text
    assert "sign in again" in at.error[0].value
