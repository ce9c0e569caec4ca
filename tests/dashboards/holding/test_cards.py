"""Cards of open questions: that a change which is taken away is recorded. How they are drawn: the page's test."""

from __future__ import annotations

import pytest

from dashboards.holding import cards
from dashboards.interface import DashboardError, Role


def test_a_change_that_is_downloaded_is_recorded(looking, journal):
    looking(Role.analyst)
    cards.taken("a" * 32, "r1")
    assert [(r["act"], r["object"], r["agent_run"], r["detail"]) for r in journal.rows] == [
        ("export", "a" * 32, "r1", {"what": "policy change"}),
    ]  # fmt: skip


@pytest.mark.parametrize("broken", [True, False])
def test_where_that_cannot_be_recorded_it_is_told(looking, journal, monkeypatch, broken):
    said = []
    monkeypatch.setattr(cards.states, "failed", lambda error: said.append(str(error)))
    looking(Role.analyst if broken else Role.viewer)

    def fails(*_, **__):
        raise DashboardError("disk full")

    monkeypatch.setattr(journal, "write", fails)
    cards.taken("a" * 32, "r1")
    assert said == ["disk full" if broken else "that needs the role analyst; you are viewer"]
