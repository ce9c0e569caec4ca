"""What may be done to a run fits its state, and does what it says to the run that it names."""

from __future__ import annotations

import pytest

from dashboards import context
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.runs import acts
from tests.dashboards.conftest import Orders

ACCOUNT = Account("cem", Role.responder, "local")
ASKS = {
    "hold": "h",
    "operation": "file.read",
    "object": "/etc/shadow",
    "rule": "secrets",
    "because": "No.",
    "left": 12.0,
    "then": "deny",
}
BY_HAND = {"hold": "h", "operation": None, "object": None}


def labels(live, held=()):
    return [d.label for d in acts.possible("r1", live, held)]


@pytest.mark.parametrize(("live", "held", "wanted"), [
    (None, [], []),
    ({}, [], ["Freeze", "Isolate", "Kill"]),
    ({"isolated": True}, [], ["Freeze", "Give network back", "Kill"]),
    ({}, [ASKS], ["Release", "Deny", "Isolate", "Kill"]),
    ({}, [BY_HAND], ["Release", "Isolate", "Kill"]),
    ({"isolated": True}, [ASKS], ["Release", "Deny", "Kill"]),
])  # fmt: skip
def test_deeds_fit_the_state(live, held, wanted):
    assert labels(live, held) == wanted


def test_only_the_end_needs_a_reason():
    assert [d.label for d in acts.possible("r1", {}, []) if d.reason] == ["Kill"]


@pytest.mark.parametrize("number", range(3))
def test_each_is_an_order_about_this_run(number):
    orders = Orders()
    context.install(Ports(None, None, orders))
    deed = acts.possible("r1", {}, [])[number]
    deed.does(ACCOUNT, "why")
    assert orders.told == [(deed.label.lower(), "r1", "why", "cem", False)]
    context.install(Ports(None, None))
    with pytest.raises(DashboardError, match="without a way"):
        deed.does(ACCOUNT, "")
    context._installed.clear()


@pytest.mark.parametrize(("row", "live", "held", "word"), [
    ("ended", {}, [ASKS], "ended"), ("started", None, [], "not ended when last seen"), ("started", {}, [ASKS], "held"),
    ("started", {"isolated": True}, [ASKS], "held, isolated"), ("started", {"isolated": True}, [], "isolated"), ("started", {}, [], "running"),
])  # fmt: skip
def test_its_state_in_a_word(row, live, held, word):
    assert acts.state({"state": row}, live, held)[0] == word


def test_what_is_waited_for_in_one_line():
    assert acts.asked(ASKS) == "file.read /etc/shadow: No.; deny in 12 s"
    assert acts.asked(BY_HAND) == "frozen by hand"
    assert "rule secrets" in acts.asked(ASKS | {"because": None, "left": None})
