"""The risk of an agent: reasons that add up, the heaviest first, each with where its rows are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.agents import risk
from dashboards.pages_list import BY_NAME

QUIET = {
    "agent": "codex", "host": "h", "runs": 3, "unmanaged": 0, "audited": 0, "denied": 0, "lost": 0, "critical": 0, "high": 0, "medium": 0, "low": 0,
}  # fmt: skip
FLAG = {"flag": "--yolo", "runs": 2, "run": "r1"}


def test_one_that_did_nothing_is_no_risk_that_was_seen():
    assert risk.reasons(QUIET, []) == []
    assert risk.level(risk.score([])) == "none seen"


@pytest.mark.parametrize(("more", "flags", "points"), [
    ({"critical": 1}, [], 40), ({"critical": 9}, [], 80), ({"medium": 2}, [], 8), ({"unmanaged": 1}, [], 20), ({"audited": 3}, [], 8),
    ({"denied": 7}, [], 5), ({"lost": 1}, [], 3), ({}, [FLAG], 20), ({"high": 1, "low": 2}, [FLAG], 37),
])  # fmt: skip
def test_points(more, flags, points):
    assert risk.score(risk.reasons(QUIET | more, flags)) == points


@given(
    st.fixed_dictionaries(
        {
            n: st.integers(0, 1000)
            for n in ("unmanaged", "audited", "denied", "lost", "critical", "high", "medium", "low")
        }
    ),
    st.booleans(),
)
def test_reasons_lead_somewhere_and_never_go_over_the_top(more, bypass):
    found = risk.reasons(QUIET | more, [FLAG] if bypass else [])
    assert 0 <= risk.score(found) <= 100
    assert [r.points for r in found] == sorted((r.points for r in found), reverse=True)
    assert all(r.page in BY_NAME and r.points > 0 and r.says for r in found)
    assert len(found) == sum(bool(v) for v in more.values()) + bypass


@pytest.mark.parametrize(
    ("points", "word"),
    [(0, "none seen"), (1, "low"), (15, "medium"), (40, "high"), (80, "critical"), (100, "critical")],
)
def test_levels(points, word):
    assert risk.level(points) == word
