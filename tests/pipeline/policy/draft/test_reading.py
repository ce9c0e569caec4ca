"""What sentences ask for: each is one that we wrote, with what a person would say it asks."""

import pytest

from pipeline.policy.draft.reading import clauses, readings
from pipeline.policy.draft.statements import Statement, statements


def actions(text):
    return [r.action for s in statements(text) for r in readings(s)]


@pytest.mark.parametrize(
    "text",
    [
        "Never call the payment service.",
        "You must not call the payment service.",
        "Please do not call the payment service.",
        "Agents should never call the payment service.",
        "DON'T call the payment service!",
        "No calls of the payment service.",
        "The payment service is slow — never call it.",
        "Claude cannot call the payment service.",
    ],
)
def test_a_prohibition(text):
    assert actions(text) == ["deny"]


@pytest.mark.parametrize(
    "text",
    [
        "Ask before you call the payment service.",
        "Always ask the user first before calling the payment service.",
        "Get approval from a maintainer before calling the payment service.",
        "Do not call the payment service unless you are asked to.",
        "Do not call the payment service without my permission.",
        "Only call the payment service when the user asks for it.",
        "Calls of the payment service need explicit approval.",
    ],
)
def test_a_question(text):
    assert actions(text) == ["ask"]


@pytest.mark.parametrize(
    "text",
    [
        "Avoid calling the payment service.",
        "Prefer not to call the payment service.",
        "If the tests are red, do not call the payment service.",
        "Do not call the payment service unless it is necessary.",
        "Do not call the payment service while a release is running.",
    ],
)
def test_advice_and_conditions_are_weaker(text):
    assert actions(text) == ["audit"]


@pytest.mark.parametrize(
    "text",
    [
        "Do not forget to call the payment service.",
        "Don't hesitate to call the payment service.",
        "Never mind the payment service.",
        "You do not need to call the payment service.",
        "You don't have to call the payment service.",
        "Do not skip the call of the payment service.",
        "Modules that do not call the payment service are simple.",
        "The server does not call the payment service.",
        "Tests must not call the payment service.",
        "Cannot call the payment service without a key.",
        "No build step needed.",
        "Ask for help before the deadline.",
        "Call the payment service.",
    ],
)
def test_nothing_is_forbidden(text):
    assert actions(text) == []


def test_a_condition_that_no_event_shows_is_told():
    (reading,) = readings(Statement("Never call the service without reading the guide.", 1))
    assert reading.condition == "without reading the guide."


@pytest.mark.parametrize(
    ("lead", "wanted"),
    [
        ("Never:", ["deny"]),
        ("Do not:", ["deny"]),
        ("Ask first:", ["ask"]),
        ("Avoid:", ["audit"]),
        ("Always:", []),
        ("Notes:", []),
    ],
)
def test_a_lead_says_half_of_its_items(lead, wanted):
    assert [r.action for r in readings(Statement("Call the service", 2, "Rules", lead))] == wanted


def test_a_heading_leads_as_well():
    assert actions("## What not to do\n\n- Call the service") == ["deny"]
    assert actions("## Services\n\n- Call the service") == []


def test_clauses_are_cut_outside_of_code_only():
    assert clauses("Fast: use `a - b`, never `c`") == ["Fast", "use `a - b`", "never `c`"]


def test_a_condition_keeps_its_order():
    assert clauses("If it is red, do not call it") == ["If it is red, do not call it"]
