"""One finding, asked: its evidence is looked for only in its own time. What is drawn: the page's test."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashboards import data
from dashboards.findings import opened, proof
from dashboards.interface import DashboardError
from tests.dashboards.findings.conftest import T


class EnoughError(Exception):
    """All was asked."""


@pytest.fixture
def asked(looking, monkeypatch):
    """The questions that one finding asks together, with their values."""
    looking()
    questions = {}

    def caught(given):
        questions.update(given)
        raise EnoughError

    def of(finding):
        real = data.ask_all
        monkeypatch.setattr(data, "ask_all", lambda given, **kw: caught(given) if len(given) > 1 else real(given, **kw))
        with pytest.raises(EnoughError):
            opened.show(finding)
        return questions

    return of


def test_activity_is_asked_for_no_longer_than_the_evidence_took(asked):
    evidence = asked("f1")["findings_evidence"]
    assert T - timedelta(seconds=1) < evidence["since"] < T
    assert T + timedelta(seconds=2) < evidence["until"] < T + timedelta(seconds=3)


def test_no_other_question_widens_that_time(asked):
    """A lake opens what reaches into the time of all questions together: ``since`` and ``until``."""
    assert [n for n, values in asked("f1").items() if {"since", "until"} & values.keys()] == ["findings_evidence"]


def test_a_lake_that_fails_is_told(looking, monkeypatch):
    looking()

    def broken(*_, **__):
        raise DashboardError("gone")

    monkeypatch.setattr(data, "ask_all", broken)
    with pytest.raises(DashboardError, match="gone"):
        opened.show("f1")


def test_the_link_to_the_run_shows_the_part_in_which_the_evidence_lies():
    rests_on = proof.read('[{"seq": 1, "time_ns": 1772323200000000000}]', T)
    part = opened._moment(rests_on)
    assert part == {"since": "2026-02-28T23:59:57.999000+00:00", "until": "2026-03-01T00:00:02.001000+00:00"}
    assert opened._moment(proof.read("[]", T)) == {}
