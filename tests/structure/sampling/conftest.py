"""Runs of the sample's plan, picked by what they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tools.sampling.plan import plan

NOW = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def now():
    return NOW


@pytest.fixture(scope="session")
def runs():
    return list(plan(NOW, 14, 2, 1))


@pytest.fixture(scope="session")
def pick(runs):
    """The first run with these attributes."""
    return lambda **wanted: next(r for r in runs if all(getattr(r, k) == v for k, v in wanted.items()))
