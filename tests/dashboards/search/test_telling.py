"""What is said of a search is true of it: how many, how far back, why nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from dashboards.search import telling
from dashboards.search.asking import Search
from dashboards.search.criteria import Criteria
from dashboards.search.slices import Found, Turn

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)
MIDDLE = datetime(2026, 1, 5, tzinfo=UTC)


def search(rows, reached, *, more, total=None, pages=1):
    found = Found(pa.table({"n": range(rows)}), reached, more)
    return Search(Criteria(), (SINCE, UNTIL), content=True, total=total, pages=[(Turn(UNTIL), found)] * pages)


def test_how_many():
    assert telling.count(search(200, MIDDLE, more=True, total=12345)) == "**12,345** rows"
    assert telling.count(search(7, SINCE, more=False)) == "**7** rows"
    assert telling.count(search(200, MIDDLE, more=True)) == "More than **200** rows"
    assert telling.count(search(3, MIDDLE, more=False)) == "**3** rows so far"


def test_how_far_back():
    assert "All of 2026-01-01" in telling.reach(search(7, SINCE, more=False))
    assert "Older ones follow" in telling.reach(search(200, MIDDLE, more=True))
    assert "Searched back to 2026-01-05" in telling.reach(search(3, MIDDLE, more=False))
    assert telling.reach(search(200, MIDDLE, more=True, pages=3)).startswith("Rows 401 to 600")


def test_why_nothing():
    assert "Nothing fits between" in telling.nothing(search(0, SINCE, more=False))[0]
    assert "not searched yet" in telling.nothing(search(0, MIDDLE, more=False))[0]
