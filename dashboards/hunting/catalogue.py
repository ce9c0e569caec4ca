"""The catalogue of hunts as rows, and a hunt with the values of a form as SQL that can be read, changed and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from dashboards.interface import DashboardError
from pipeline.schema import SEVERITIES
from queries.hunting import TACTICS, Hunt, HuntError, bound, hunts

NAMES = ("severity", "title", "tactics", "techniques", "scheduled", "name")
PREFIX = "p_"
"""Before the name of a parameter in the address."""


def rows(tactics: Sequence[str], text: str, severities: Sequence[str] = ()) -> pa.Table:
    """Hunts of some tactics and severities (none is all) in which a text stands; the most severe first."""
    wanted = text.strip().lower()
    found = [
        h
        for h in hunts().values()
        if (not tactics or set(tactics) & set(h.tactics)) and (not severities or h.severity in severities) and _has(h, wanted)
    ]  # fmt: skip
    found.sort(key=lambda h: (-SEVERITIES.index(h.severity), h.name))
    listed = [
        {
            "severity": h.severity, "title": h.title, "tactics": ", ".join(h.tactics), "techniques": ", ".join(h.techniques),
            "scheduled": "every minute" if h.scheduled else "when asked", "name": h.name,
        }
        for h in found
    ]  # fmt: skip
    return pa.Table.from_pylist(listed, schema=pa.schema([(n, pa.string()) for n in NAMES]))


def tactics() -> list[str]:
    """Tactics that a hunt has, in the order of an attack."""
    there = {t for h in hunts().values() for t in h.tactics}
    return [t for t in TACTICS if t in there]


def given(hunt: Hunt, address: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    """Values of a hunt's parameters in an address, and what stands there for a parameter that it has not."""
    known = {PREFIX + p.name: p.name for p in hunt.parameters}
    written = {n: v[0] for n, v in address.items() if n.startswith(PREFIX) and v and v[0].strip()}
    return {known[n]: v for n, v in written.items() if n in known}, [
        f"{n}={v}" for n, v in written.items() if n not in known
    ]


def sql(hunt: Hunt, values: Mapping[str, str], since: datetime, until: datetime) -> str:
    """A hunt over a span; values as a person wrote them, empty ones are the default. Raises ``DashboardError``."""
    filled = {n: v for n, v in values.items() if v.strip()}
    try:
        return bound(hunt, {**filled, "since": since, "until": until})
    except HuntError as error:
        raise DashboardError(str(error)) from error


def _has(hunt: Hunt, text: str) -> bool:
    return text in " ".join([hunt.name, hunt.title, hunt.answers, *hunt.tactics, *hunt.techniques]).lower()
