"""The catalogue of hunts as rows, and a hunt with the values of a form as SQL that can be read, changed and run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from dashboards.interface import DashboardError
from pipeline.schema import SEVERITIES
from queries.hunting import TACTICS, Hunt, HuntError, bound, hunts

NAMES = ("severity", "title", "tactics", "techniques", "name")


def rows(tactics: list[str], text: str) -> pa.Table:
    """Hunts of some tactics (none is all) in which a text stands; the most severe first."""
    wanted = text.strip().lower()
    found = [h for h in hunts().values() if (not tactics or set(tactics) & set(h.tactics)) and _has(h, wanted)]
    found.sort(key=lambda h: (-SEVERITIES.index(h.severity), h.name))
    listed = [
        {"severity": h.severity, "title": h.title, "tactics": ", ".join(h.tactics), "techniques": ", ".join(h.techniques), "name": h.name}
        for h in found
    ]  # fmt: skip
    return pa.Table.from_pylist(listed, schema=pa.schema([(n, pa.string()) for n in NAMES]))


def tactics() -> list[str]:
    """Tactics that a hunt has, in the order of an attack."""
    there = {t for h in hunts().values() for t in h.tactics}
    return [t for t in TACTICS if t in there]


def sql(hunt: Hunt, values: Mapping[str, str], since: datetime, until: datetime) -> str:
    """A hunt over a span; values as a person wrote them, empty ones are the default. Raises ``DashboardError``."""
    given = {n: v for n, v in values.items() if v.strip()}
    try:
        return bound(hunt, {**given, "since": since, "until": until})
    except HuntError as error:
        raise DashboardError(str(error)) from error


def _has(hunt: Hunt, text: str) -> bool:
    return text in " ".join([hunt.name, hunt.title, hunt.answers, *hunt.techniques]).lower()
