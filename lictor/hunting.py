"""Asks the lake the hunts of ``queries/hunts``: one of them for its rows, or all of them for how much each found.

A query costs a worker process of its own, so that many hunts share one where only counts are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pyarrow as pa

from lictor.errors import LictorError
from pipeline.lake.errors import QueryError
from pipeline.lake.reader import Lake
from pipeline.schema import SEVERITIES
from queries.hunting import TACTICS, Hunt, HuntError, bound, find, hunts
from queries.parameters import ParameterError, duration, moment

TOGETHER = 12
"""Hunts that share a worker: its start costs more than most hunts, and the time allowed is for all of a group."""


def chosen(name: str) -> Hunt:
    """A hunt by its name. Raises ``LictorError``."""
    try:
        return find(name)
    except HuntError as error:
        raise LictorError(str(error)) from None


def selected(tactic: str | None) -> list[Hunt]:
    """Every hunt, or those of one tactic; the most severe first. Raises ``LictorError``."""
    if tactic is not None and tactic not in TACTICS:
        raise LictorError(f"no tactic {tactic!r}; there are {', '.join(TACTICS)}")
    found = [h for h in hunts().values() if tactic is None or tactic in h.tactics]
    return sorted(found, key=lambda h: (-SEVERITIES.index(h.severity), h.name))


def listing(found: Sequence[Hunt]) -> pa.Table:
    """What there is to ask: name, severity, title, techniques."""
    rows = [
        {"name": h.name, "severity": h.severity, "title": h.title, "techniques": ", ".join(h.techniques)} for h in found
    ]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([(n, pa.string()) for n in ("name", "severity", "title", "techniques")])
    )


def span(since: str | None, until: str | None, now: datetime) -> dict[str, datetime]:
    """Parameters ``since`` and ``until`` from times or from how long ago (``24h``). Raises ``LictorError``."""
    given = {"since": since, "until": until}
    found = {name: _time(f"--{name}", text, now) for name, text in given.items() if text is not None}
    if "since" in found and "until" in found and found["since"] >= found["until"]:
        raise LictorError("--since is not before --until; nothing lies between them")
    return found


def parameters(given: Sequence[str]) -> dict[str, str]:
    """``name=value`` texts as a mapping. Raises ``LictorError``."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise LictorError(f"-p {text}: write -p name=value")
        if name in found:
            raise LictorError(f"-p {name} is given twice; a list is written name=a,b")
        found[name] = value
    return found


def ask(lake: Lake, hunt: Hunt, values: Mapping[str, Any], *, timeout: float) -> pa.Table:
    """The rows that a hunt finds. Raises ``LictorError`` for wrong parameters, ``LakeError``."""
    sql = _bound(hunt, values)
    return lake.query(sql, timeout=timeout)


def summary(lake: Lake, found: Sequence[Hunt], values: Mapping[str, Any], *, timeout: float) -> pa.Table:
    """How much each hunt finds: name, severity, title, hits, first and last time; those with most severity first."""
    counted: dict[str, dict[str, Any]] = {}
    for group in _groups(found):
        answers = lake.query_all({h.name: _counting(_bound(h, values)) for h in group}, timeout=timeout)
        for name, answer in answers.items():
            if isinstance(answer, QueryError):
                raise QueryError(f"hunt {name}: {answer}")
            counted[name] = answer.to_pylist()[0]
    rows = [{"name": h.name, "severity": h.severity, "title": h.title, **counted[h.name]} for h in found]
    texts = [(name, pa.string()) for name in ("name", "severity", "title")]
    times = [(name, pa.timestamp("us", tz="UTC")) for name in ("first", "last")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*texts, ("hits", pa.int64()), *times]))


def as_severe(severity: str, least: str) -> bool:
    """Whether a severity is at least as strong as another one."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(least)


def _counting(sql: str) -> str:
    return f"SELECT count(*) AS hits, min(time) AS first, max(time) AS last FROM (\n{sql}\n)"  # noqa: S608 - a hunt, bound


def _groups(found: Sequence[Hunt]) -> Iterator[list[Hunt]]:
    left = iter(found)
    while group := list(islice(left, TOGETHER)):
        yield group


def _bound(hunt: Hunt, values: Mapping[str, Any]) -> str:
    try:
        return bound(hunt, values)
    except HuntError as error:
        raise LictorError(f"{error}; lictor hunt {hunt.name} --explain tells them") from None


def _time(option: str, text: str, now: datetime) -> datetime:
    try:
        return now - duration(text)
    except ParameterError:
        pass
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
    try:
        return moment(text)
    except ParameterError:
        raise LictorError(f"{option} {text}: write how long ago, 24h or 7d, or a time, 2026-01-31T12:00:00Z") from None
