"""From hunts, bundles and a file of detections to what runs: which detections there are, and which are on.

A hunt that judges each row by itself is asked of new rows only; whether it does is read off its SQL, cautiously: one
SELECT (or several, put together) from one relation, without anything that looks at other rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from lictor.detecting.config import Change, DetectionConfig
from lictor.errors import LictorError
from pipeline.detect.interface import Detection, Detector
from pipeline.detect.past_questions import PastQuestions
from pipeline.detect.question import Question
from pipeline.detect.row_questions import RowQuestions
from pipeline.policy.words import near
from queries.catalog import reads
from queries.hunting import FEW, Hunt, HuntError, bound, relations

if TYPE_CHECKING:
    from pipeline.sigma.bundle import Bundle, Rule

_TABLES = {
    "actions": "actions", "coverage": "coverage", "processes": "processes", "policies": "policies",
    "run_log": "runs", "runs": "runs", "request_log": "requests", "requests": "requests",
}  # fmt: skip
"""Names in SQL to tables of the schema whose rows can complete a hunt's match."""

_LOOKS_ELSEWHERE = re.compile(
    r"\b(join|group|qualify|over|with|exists|distinct|having|limit|intersect|except|any_value|count|sum|min|max|list|arg_min|arg_max)\b",
    re.IGNORECASE,
)
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


@dataclass(frozen=True)
class Chosen:
    """A detection and whether it runs; ``why`` it does not where it does not. ``lookback`` in words."""

    detection: Detection
    on: bool
    why: str
    lookback: str


@dataclass(frozen=True)
class Choice:
    """Everything there is, and the detectors of what is on."""

    all: tuple[Chosen, ...]
    detectors: tuple[Detector, ...]


def choose(
    hunts: Iterable[Hunt], bundles: Iterable[Bundle], config: DetectionConfig, report: Callable[[str], None]
) -> Choice:
    """What runs by a file of detections. Raises ``LictorError`` for one that names what there is not."""
    bundles = list(bundles)
    questions = [_question(hunt, config.change) for hunt in hunts]
    found = [_chosen(q.detection, config, hunt.unscheduled, _span(hunt)) for hunt, q in questions]
    rules = [(rule, _rule(rule, config.change)) for bundle in bundles for rule in bundle.rules]
    found += [
        _chosen(d, config, "nothing here records what it asks for" if r.fires == "never" else "", "") for r, d in rules
    ]
    _check(config, [c.detection.id for c in found], {h.name for h, _ in questions})
    on = {c.detection.id for c in found if c.on}
    row = [q for hunt, q in questions if q.detection.id in on and by_row(hunt.sql)]
    past = [q for hunt, q in questions if q.detection.id in on and not by_row(hunt.sql)]
    detectors: list[Detector] = []
    if row:
        detectors.append(RowQuestions(row, _relations, FEW, report=report))
    if past:
        detectors.append(PastQuestions(past, _relations, FEW, report=report))
    detectors += _sigma(bundles, config.change, on, report)
    return Choice(tuple(found), tuple(detectors))


def by_row(sql: str) -> bool:
    """Whether a hunt's SQL judges each row by itself; doubt is a no."""
    bare = _COMMENT_OR_TEXT.sub("''", sql)
    selects = len(re.findall(r"\bselect\b", bare, re.IGNORECASE))
    unions = len(re.findall(r"\bunion\s+all\b", bare, re.IGNORECASE))
    evidence = len(re.findall(r"\[\s*row_id\s*\]\s+as\s+evidence", bare, re.IGNORECASE))
    others = reads(sql) & _TABLES.keys()
    return not _LOOKS_ELSEWHERE.search(bare) and selects == unions + 1 == evidence and not others


def _question(hunt: Hunt, changes: Mapping[str, Change]) -> tuple[Hunt, Question]:
    change = changes.get(f"hunt:{hunt.name}", Change())

    def sql(since: datetime, until: datetime, *, relations: bool = True) -> str:
        return bound(hunt, {**change.parameters, "since": since, "until": until}, relations=relations)

    try:
        text = bound(hunt, change.parameters)
    except HuntError as error:
        raise LictorError(f"{error}; see change: hunt:{hunt.name}") from None
    detection = Detection(
        f"hunt:{hunt.name}", _digest(text), "hunt", hunt.title, change.severity or hunt.severity, hunt.techniques
    )
    others = frozenset(_TABLES[t] for t in reads(hunt.sql) & _TABLES.keys())
    return hunt, Question(detection, sql, hunt.lookback, others, partial(sql, relations=False))


def _relations(since: datetime, until: datetime) -> Mapping[str, str]:
    return relations({"since": since, "until": until})


def _rule(r: Rule, changes: Mapping[str, Change]) -> Detection:
    name = f"sigma:{r.id}"
    severity = changes.get(name, Change()).severity or r.level
    return Detection(
        name, _digest(f"{r.category} {r.product} {r.predicate}"), "sigma", r.title, severity, tuple(r.attack)
    )


def _sigma(
    bundles: Sequence[Bundle], changes: Mapping[str, Change], on: set[str], report: Callable[[str], None]
) -> Iterator[Detector]:
    for bundle in bundles:
        from pipeline.detect.rules import SigmaRules  # noqa: PLC0415  # only where there are rules

        rules = tuple(r for r in bundle.rules if f"sigma:{r.id}" in on)
        if rules:
            yield SigmaRules(replace(bundle, rules=rules), [_rule(r, changes) for r in rules], report=report)


def _chosen(detection: Detection, config: DetectionConfig, not_by_itself: str, lookback: str) -> Chosen:
    matches = partial(_matches, detection.id)
    if any(map(matches, config.off)):
        return Chosen(detection, False, "switched off", lookback)
    if not_by_itself and not any(map(matches, config.on)):
        return Chosen(detection, False, not_by_itself, lookback)
    return Chosen(detection, True, "", lookback)


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern)


def _check(config: DetectionConfig, names: Sequence[str], hunts: set[str]) -> None:
    """A pattern that matches nothing and a change to nothing are mistakes, and would be silent ones."""
    for pattern in (*config.on, *config.off):
        if not any(_matches(n, pattern) for n in names):
            raise LictorError(f"no detection matches {pattern!a}{near(pattern, names)}; lictor detect --list shows all")
    for name, change in config.change.items():
        if name not in names:
            raise LictorError(f"no detection {name!a} to change{near(name, names)}; lictor detect --list shows all")
        if change.parameters and name.removeprefix("hunt:") not in hunts:
            raise LictorError(f"{name}: only hunts have parameters; change its severity, or switch it off")


def _span(hunt: Hunt) -> str:
    if by_row(hunt.sql):
        return ""
    seconds = int(hunt.lookback.total_seconds())
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
