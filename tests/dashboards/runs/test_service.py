"""What the service tells of a run; one that cannot be asked is a reason, no error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards import context
from dashboards.interface import Ports
from dashboards.runs import service
from tests.dashboards.conftest import Orders

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = {"run": "r1", "isolated": False}


@pytest.fixture
def asked():
    def ask(deeds, run="r1"):
        context.install(Ports(None, None, deeds))
        return service.ask(run)

    yield ask
    context._installed.clear()


def test_a_run_that_is_here(asked):
    told = asked(Orders(questions=[{"run": "r1", "hold": "h"}, {"run": "r2", "hold": "i"}], runs=[LIVE]))
    assert told.live == LIVE
    assert [q["hold"] for q in told.held] == ["h"]


@pytest.mark.parametrize(("deeds", "why"), [
    (None, service.NO_WAY), (Orders(), service.NOT_HERE), (Orders(broken="the socket is gone"), "the socket is gone"),
])  # fmt: skip
def test_a_run_that_is_not(asked, deeds, why):
    told = asked(deeds)
    assert (told.live, told.held, told.why) == (None, (), why)


@pytest.mark.parametrize(("state", "live", "ago", "goes"), [
    ("ended", LIVE, 0, False), ("started", LIVE, 999, True), ("started", None, 60, True), ("started", None, 600, False), ("started", None, None, False),
])  # fmt: skip
def test_whether_more_may_come(state, live, ago, goes):
    last = None if ago is None else NOW - timedelta(seconds=ago)
    assert service.goes_on(state, service.Told(live), last, NOW) is goes
