"""The filters of an audit search: read from the address, bound to a question, and put back into an address.

What stands in an address may be anything; values that no filter has are left out, and said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pipeline.schema import CLASSES, OPERATIONS, VERDICTS

RECORDS: dict[str, str] = {
    "activity": "Activity", "findings": "Findings", "actions": "Actions", "requests": "Questions", "console": "What people did here",
}  # fmt: skip
"""Types of record that can be searched, and what they are called."""

ACTIVITIES = (
    "Process", "Process end", "File read", "File write", "File delete", "Permission change", "Network connect", "Network listen", "DNS",
    "Registry", "Kernel", "Other",
)  # fmt: skip
_ALLOWED: dict[str, tuple[str, ...]] = {
    "activities": ACTIVITIES, "operations": tuple(o.name for o in OPERATIONS), "classes": CLASSES, "verdicts": ("none", *VERDICTS),
}  # fmt: skip
_TAKES: dict[str, frozenset[str]] = {
    "activity": frozenset({"agents", "hosts", "users", "activities", "operations", "classes", "verdicts", "object", "keyword", "run", "labels", "rule"}),
    "findings": frozenset({"hosts", "keyword", "run"}),
    "actions": frozenset({"hosts", "keyword", "run"}),
    "requests": frozenset({"hosts", "users", "keyword", "run"}),
    "console": frozenset({"keyword", "run"}),
}  # fmt: skip
VERDICTS_SHOWN = ("none", *VERDICTS)
OPERATIONS_SHOWN = tuple(o.name for o in OPERATIONS)
IDENTITY = frozenset({"boot_id", "source", "cpu", "seq", "time_ns", "class"})
"""Columns that find a row again, and that nobody reads in a table."""
DEFAULT_COLUMNS: dict[str, tuple[str, ...]] = {
    "activity": ("time", "activity", "user", "agent", "host", "object", "verdict", "rule", "outcome"),
    "findings": ("time", "severity", "title", "rule", "attack", "host", "run"),
    "actions": ("time", "phase", "action", "object", "actor", "enforcement", "evidence", "host", "run"),
    "requests": ("time", "state", "operation", "object", "rule", "decided_by", "decided_account", "why", "agent", "user", "host"),
    "console": ("time", "account", "role", "act", "phase", "outcome", "page", "object", "status", "note"),
}  # fmt: skip
LONGEST = 400
"""Characters of a text filter."""


@dataclass(frozen=True)
class Criteria:
    """What is searched for, but for the time."""

    record: str = "activity"
    agents: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    object: str = ""
    keyword: str = ""
    run: str = ""
    rule: str = ""
    ignored: tuple[str, ...] = field(default=(), compare=False)
    """What stood in the address and is no value of a filter."""

    def values(self, *, content: bool) -> dict[str, Any]:
        """Parameters of ``audit_<record>``, but for the time."""
        taken = _TAKES[self.record]
        given: dict[str, Any] = {n: _plain(getattr(self, n)) for n in taken if getattr(self, n) and n != "object"}
        if "object" in taken and self.object:
            given["object"] = [_glob(self.object)]
        if self.record == "activity":
            given["content"] = int(content)
        return given

    def counted(self) -> dict[str, Any] | None:
        """Parameters of ``audit_count``, or ``None`` where the hours cannot tell how many rows there are."""
        if self.record != "activity" or self.object or self.keyword or self.labels or self.activities:
            return None
        names = ("agents", "hosts", "users", "operations", "classes", "verdicts", "run", "rule")
        return {n: _plain(getattr(self, n)) for n in names if getattr(self, n)}

    def query(self) -> dict[str, str | list[str]]:
        """As it stands in an address."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"ignored", "record"}}
        found: dict[str, str | list[str]] = {n: _plain(v) for n, v in given.items() if v}
        return found if self.record == "activity" else {"record": self.record, **found}


def read(address: Mapping[str, Sequence[str]]) -> Criteria:
    """The filters of an address."""
    given: dict[str, Any] = {}
    ignored: list[str] = []
    for one in fields(Criteria):
        values = [v for v in address.get(one.name, ()) if v]
        if not values or one.name == "ignored":
            continue
        if one.name == "record":
            given["record"] = values[0] if values[0] in RECORDS else "activity"
            ignored += values[:1] if values[0] not in RECORDS else []
        elif isinstance(one.default, str):
            given[one.name] = _text(values[0])
        else:
            known = _ALLOWED.get(one.name)
            given[one.name] = tuple(dict.fromkeys(_text(v) for v in values if known is None or v in known))
            ignored += [] if known is None else [v for v in values if v not in known]
    return Criteria(**given, ignored=tuple(ignored))


def _text(value: str) -> str:
    """What a parameter takes: characters that cannot be printed are in no address that this page made."""
    return "".join(c for c in value if c.isprintable())[:LONGEST]


def _plain(value: tuple[str, ...] | str) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _glob(text: str) -> str:
    """A pattern as written; a whole path is that path; anything else may stand anywhere."""
    return text if any(c in text for c in "*?{") or text.startswith(("/", "~/")) else f"**{text}**"
