"""Long work: each has its own, little goes on at once, what fails is told, and what is old is forgotten."""

from __future__ import annotations

import threading
import time

import pytest

from dashboards.interface import Account, DashboardError, Role
from dashboards.parts import jobs

ANN, BEN = Account("ann", Role.analyst, "local"), Account("ben", Role.analyst, "local")


@pytest.fixture
def gate():
    """Work that goes on until it is let go."""
    event = threading.Event()
    yield event
    event.set()


def settled(job):
    for _ in range(500):
        if job.future.done():
            return job
        time.sleep(0.01)
    raise AssertionError(job.state)


def test_a_result_waits_for_who_asked_and_for_nobody_else():
    work = jobs.Jobs()
    job = settled(work.start(ANN, "backtest", "all runs", lambda: 42))
    assert (job.state, job.result) == ("done", 42)
    assert work.find(ANN, "backtest") is job
    assert work.find(BEN, "backtest") is None
    assert work.find(Account("ann", Role.admin, "oidc"), "backtest") is None


def test_what_fails_says_why_and_what_is_unexpected_repeats_nothing():
    work = jobs.Jobs()

    def refused():
        raise DashboardError("no run has events there")

    def broken():
        raise ValueError("/home/ann/secret")

    assert settled(work.start(ANN, "a", "", refused)).error == "no run has events there"
    job = settled(work.start(ANN, "b", "", broken))
    assert (job.state, job.error) == ("failed", "it failed: ValueError")


def test_little_goes_on_at_once_and_the_rest_waits(gate):
    work = jobs.Jobs(at_once=1)
    first = work.start(ANN, "a", "", gate.wait)
    second = work.start(BEN, "b", "", gate.wait)
    for _ in range(500):
        if first.state == "goes on":
            break
        time.sleep(0.01)
    assert (first.state, second.state) == ("goes on", "waits")
    assert second.seconds == 0
    gate.set()
    assert settled(second).state == "done"


def test_an_account_cannot_pile_up_work(gate):
    work = jobs.Jobs(at_once=1)
    for number in range(jobs.WAITING):
        work.start(ANN, f"a{number}", "", gate.wait)
    with pytest.raises(DashboardError, match="under way"):
        work.start(ANN, "one more", "", gate.wait)
    work.start(BEN, "b", "", gate.wait)


def test_what_has_not_begun_can_be_taken_back(gate):
    work, ran = jobs.Jobs(at_once=1), []
    work.start(ANN, "a", "", gate.wait)
    waiting = work.start(ANN, "b", "", lambda: ran.append(1))
    work.forget(ANN, "b")
    gate.set()
    settled(work.start(ANN, "c", "", lambda: None))
    assert work.find(ANN, "b") is None
    assert waiting.state == "failed"
    assert ran == []


def test_results_are_forgotten_after_a_time(monkeypatch):
    work = jobs.Jobs()
    settled(work.start(ANN, "a", "", lambda: 1))
    monkeypatch.setattr(jobs, "KEPT_S", -1.0)
    assert work.find(ANN, "a") is None


def test_only_so_many_results_are_remembered(monkeypatch):
    monkeypatch.setattr(jobs, "KEPT", 3)
    work = jobs.Jobs()
    for number in range(6):
        settled(work.start(ANN, f"a{number}", "", lambda: 1))
    assert [n for n in range(6) if work.find(ANN, f"a{n}")] == [3, 4, 5]
