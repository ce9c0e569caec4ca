"""A part that is drawn anew by itself tells what fails in it, and ends with the session."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import who
from dashboards.interface import Account, Role
from dashboards.parts import live


def page():
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's text by itself

    from dashboards.interface import DashboardError  # noqa: PLC0415 - as above
    from dashboards.parts import live  # noqa: PLC0415 - as above

    def draw():
        st.text("seen")
        if st.session_state.get("fail"):
            raise DashboardError("the lake is gone")

    live.part(draw, going=False)


def resting():
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's text by itself

    from dashboards.parts import deeds, live  # noqa: PLC0415 - as above

    def draw():
        if not st.session_state.get("ended"):
            deeds.bar([deeds.on_run("kill", "Kill", ":material/dangerous:", "r1", "End all")], "act")

    every = []
    made = st.fragment
    st.fragment = lambda function, run_every=None: every.append(run_every) or made(function)
    live.part(draw, going=True)
    st.fragment = made
    st.session_state["every"] = every


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


@pytest.fixture
def responder(known):
    known["account"] = Account("a", Role.responder, "local")


def test_it_rests_while_a_dialog_is_open(responder):
    at = AppTest.from_function(resting).run()
    assert at.session_state["every"] == [live.EVERY_S]
    at.button[0].click().run()
    assert at.session_state["every"] == [None]
    assert [t.value for t in at.text] == ["End all"]


def test_a_dialog_whose_deed_fits_no_more_is_closed_and_it_goes_on(responder):
    at = AppTest.from_function(resting).run()
    at.button[0].click().run()
    at.session_state["ended"] = True
    at.run()
    assert not at.text
    assert at.session_state["every"] == [live.EVERY_S]
    assert "_act_asked" not in at.session_state
