"""``--since``."""

from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.exporting.moments import since


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        (None, None),
        ("24h", 1_790_000_000_000_000 - 86_400_000_000),
        ("500ms", 1_789_999_999_500_000),
        ("2026-09-21T14:13:20Z", 1_790_000_000_000_000),
        ("2026-09-21T16:13:20.000001+02:00", 1_790_000_000_000_001),
        ("2026-09-21T14:13:20", 1_790_000_000_000_000),
        ("2026-09-21", 1_789_948_800_000_000),
    ],
)
def test_moments(text, micros):
    assert since(text, lambda: 1_790_000_000.0) == micros


@pytest.mark.parametrize("text", ["", "yesterday", "5y", "2026-13-01"])
def test_no_moments(text):
    with pytest.raises(LictorError, match="--since"):
        since(text)
