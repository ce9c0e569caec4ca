"""The filters of an audit search: read from the address, bound to a question, and put back into an address.

What stands in an address may be anything; values that no filter has are left out, and said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.search.records import BAR, FIELDS, RECORDS
from queries.parameters import ParameterError, pattern, text_literal

LONGEST = 400
"""Characters of a text filter."""
MANY = 200
"""Values that one filter takes at most."""
COUNTED = frozenset({*BAR, "activities", "operation", "classes", "verdicts", "labels", "rule", "run"})
"""Filters of activity by which the hours are counted (``audit_hours``): with others only the rows tell."""

_BRACES = re.compile(r"\{[^}]*\}")
_WILD = re.compile(r"\*\*/|[*?]+")

Given = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Criteria:
    """What is searched for, but for the time: ``given`` are the values of each filter that is in use."""

    record: str = "activity"
    given: Given = field(default_factory=dict)
    ignored: tuple[str, ...] = field(default=(), compare=False)
    """What stood in the address and is no filter of this type of record, or no value of its filter."""

    def one(self, name: str) -> str:
        """Value of a text filter; empty where it is not in use."""
        return next(iter(self.given.get(name, ())), "")

    def values(self, *, content: bool) -> dict[str, Any]:
        """Parameters of ``audit_<record>``, but for the time. ``content``: whether the keyword is looked for in command lines too."""
        found = self._bound(set(self.given) - {"object"}) | (_object(self.one("object")) if self.one("object") else {})
        return found | {"content": int(content)} if self.record == "activity" else found

    def countable(self) -> bool:
        """Whether the hours tell how many rows there are."""
        return self.record == "activity" and set(self.given) <= COUNTED

    def hours(self) -> dict[str, Any]:
        """Parameters of ``audit_hours``: where rows can be. Those that fit are among them."""
        return self._bound(set(self.given) & COUNTED)

    def query(self) -> dict[str, list[str]]:
        """As it stands in an address."""
        found = {name: list(values) for name, values in self.given.items() if values}
        return found if self.record == "activity" else {"record": [self.record], **found}

    def _bound(self, names: set[str]) -> dict[str, Any]:
        return {
            FIELDS[n].parameter if n in FIELDS else n: self.one(n) if _is_text(n) else list(self.given[n])
            for n in names
        }


def read(address: Mapping[str, Sequence[str]]) -> Criteria:
    """The filters of an address; what else may stand there (the time) is for others to read."""
    wanted = next(iter(address.get("record", ())), "activity")
    record = wanted if wanted in RECORDS else "activity"
    ignored = [] if wanted in RECORDS else [f"record={wanted}"]
    given: dict[str, tuple[str, ...]] = {}
    for name in (*BAR, *FIELDS):
        values = [v for v in address.get(name, ()) if v]
        fit = [v for v in values if name in RECORDS[record].takes() and _fits(name, v)]
        ignored += [f"{name}={v}" for v in values if v not in fit]
        if fit:
            given[name] = tuple(dict.fromkeys(fit))[: 1 if _is_text(name) else MANY]
    return Criteria(record, given, tuple(ignored))


def made(record: str, values: Mapping[str, str | Sequence[str] | None]) -> Criteria:
    """Filters from what a person chose in the form."""
    listed = {n: [v.strip()] if isinstance(v, str) else list(v or ()) for n, v in values.items()}
    return read({"record": [record], **listed})


def _is_text(name: str) -> bool:
    return name in FIELDS and not FIELDS[name].several


def _fits(name: str, value: str) -> bool:
    """Whether a value can be one of this filter: names in a lake hold nearly anything."""
    options = FIELDS[name].options if name in FIELDS else ()
    if len(value) > LONGEST or (options and value not in options):
        return False
    try:
        text_literal(value)
    except ParameterError:
        return False
    return True


def _object(text: str) -> dict[str, Any]:
    """A pattern as written, a whole path or address as it is; anything else may stand anywhere in one."""
    if not any(c in text for c in "*?{") and not text.startswith(("/", "~/")):
        return {"part": text}
    try:
        pattern(text)
    except ParameterError:
        return {"part": text}
    return {"object": [text], "piece": _piece(text)}


def _piece(glob: str) -> str:
    """The longest text that stands in everything that fits a pattern: looking for it is faster than trying the pattern."""
    outside = _BRACES.sub("*", glob.removeprefix("~"))
    return max(_WILD.split(outside), key=len)
