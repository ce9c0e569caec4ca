"""Who looks is asked at each act: a role that was taken away is gone at once."""

from __future__ import annotations

import pytest

from dashboards import who
from dashboards.interface import Account, DashboardError, Role


@pytest.fixture
def looking():
    state = {"account": Account("ann", Role.responder, "local")}
    who.recognise_by(lambda: state["account"])
    yield state
    who._known.clear()


def test_what_a_role_may(looking):
    assert who.may(Role.viewer)
    assert who.may(Role.responder)
    assert not who.may(Role.admin)
    assert who.demand(Role.responder) == looking["account"]


def test_what_a_role_may_not(looking):
    with pytest.raises(DashboardError, match="needs the role admin; you are responder"):
        who.demand(Role.admin)


def test_a_role_that_is_taken_away_is_gone(looking):
    looking["account"] = Account("ann", Role.viewer, "local")
    with pytest.raises(DashboardError):
        who.demand(Role.responder)
