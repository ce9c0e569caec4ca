"""The rows that a hit rests on: from the identities that it names to the question that finds them again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from queries.hunting import MAX_EVIDENCE

NAMES = ("boot_id", "source", "cpu", "class", "seq", "time_ns")
"""What names a row of activity."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE = timedelta(microseconds=1)


def question(proof: Any) -> dict[str, Any] | None:
    """Parameters of ``hunting_evidence``, or ``None`` where nothing is named; ``proof`` is a cell of the column ``evidence``."""
    named = [row for row in proof or () if isinstance(row, Mapping) and row.get("time_ns") is not None][:MAX_EVIDENCE]
    if not named:
        return None
    times = [_EPOCH + timedelta(microseconds=row["time_ns"] // 1000) for row in named]
    return {"rows": [identity(row) for row in named], "since": min(times), "until": max(times) + ONE}


def identity(row: Mapping[str, Any]) -> str:
    """One text that names a row, as ``hunting_evidence`` builds it."""
    return "|".join("" if row.get(name) is None else str(row[name]) for name in NAMES)


def around(proof: Any, run: str | None, margin: timedelta) -> dict[str, str]:
    """The address of an audit search for what happened around it."""
    asked = question(proof)
    if asked is None:
        return {}
    span = {"since": _text(asked["since"] - margin), "until": _text(asked["until"] + margin)}
    return span | ({"run": run} if run else {})


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
