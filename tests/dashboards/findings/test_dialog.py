"""The dialog of a status: what it tells of others. That it sets one, and when it does not: the page's test."""

from __future__ import annotations

from datetime import UTC, datetime

from streamlit.testing.v1 import AppTest

from dashboards.findings.triage import Meanwhile, Standing

T = datetime(2026, 3, 1, tzinfo=UTC)


def script():
    import streamlit as st  # noqa: PLC0415 - AppTest runs the text of this function

    from dashboards.findings import dialog  # noqa: PLC0415 - as above

    dialog._told(st.session_state["changed"])


def told(changed):
    at = AppTest.from_function(script)
    at.session_state["changed"] = changed
    at.run()
    assert not at.exception
    return at


def by(number, note=None):
    return Meanwhile(Standing(f"f{number:02d}", None, "risk_accepted", f"c{number}"), "bea\u202e", T, note)


def test_who_set_what_when_and_why_is_told_harmlessly():
    at = told([by(1), by(2, "x\n\x1b[31m")])
    assert at.warning[0].value == "The status changed meanwhile. Nothing was set."
    assert at.code[0].value.splitlines() == [
        "f01: bea\\u202e set risk accepted at 2026-03-01 00:00:00 UTC",
        "f02: bea\\u202e set risk accepted at 2026-03-01 00:00:00 UTC: x\\n\\x1b[31m",
    ]


def test_of_many_the_first_are_told_and_how_many_more():
    lines = told([by(n) for n in range(25)]).code[0].value.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "and 15 more"
