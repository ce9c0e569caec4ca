"""Orders of the dashboard over the services' socket, with services in threads that note what they were asked to do."""

from __future__ import annotations

import pytest

from dashboards.interface import Account, DashboardError, Role
from lictor.dashboard.orders import ControlDeeds
from tests.lictor.control.conftest import Book, needs_root, runtime, served

__all__ = ["runtime"]  # a fixture of another folder

pytestmark = [pytest.mark.usefixtures("runtime"), needs_root]

ANN = Account("ann@example.com", Role.responder, "oidc")
RUN, HOLD = "20261126-100000-aabbccdd", "7f3a0123456789abcdef"
AGENT = 4711


@pytest.fixture
def book():
    return Book({RUN: AGENT}, {HOLD: RUN})


@pytest.fixture
def service(book):
    with served(book):
        yield book


@pytest.mark.usefixtures("service")
def test_what_goes_on_and_what_waits():
    deeds = ControlDeeds()
    assert [row["run"] for row in deeds.live()] == [RUN]
    assert [row["hold"] for row in deeds.held()] == [HOLD]


def test_order_says_whose_click_it_was_and_the_kernel_says_who_runs_the_dashboard(service):
    (row,) = ControlDeeds().order("release", HOLD, "I asked for it", ANN, for_run=True)
    assert (row["deed"], row["enforcement"]) == ("release", "confirmed")
    (request,) = service.asked
    assert (request.account, request.why, request.for_run) == ("ann@example.com", "I asked for it", True)
    assert service.peers[-1].user == "root"


def test_order_without_a_reason_has_none(service):
    ControlDeeds().order("freeze", RUN, None, ANN)
    assert (service.asked[0].why, service.asked[0].account) == (None, "ann@example.com")


@pytest.mark.usefixtures("service")
def test_what_no_service_has_is_told():
    with pytest.raises(DashboardError, match="nosuchrun"):
        ControlDeeds().order("kill", "nosuchrun", None, ANN)


def test_run_of_the_dashboards_own_user_is_not_decided_by_it():
    with served(Book({RUN: 0})), pytest.raises(DashboardError, match="the agent runs as root"):
        ControlDeeds().order("kill", RUN, None, ANN)


def test_machine_without_a_service_has_nothing_held_and_carries_out_nothing():
    deeds = ControlDeeds()
    assert deeds.live() == deeds.held() == []
    with pytest.raises(DashboardError, match="no service is running here"):
        deeds.order("kill", RUN, None, ANN)


def test_service_that_cannot_answer_is_told(book):
    book.answer = lambda *_: {"ok": False, "error": "service 1 could not answer"}
    with served(book), pytest.raises(DashboardError, match="could not answer"):
        ControlDeeds().held()
