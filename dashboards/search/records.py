"""What can be searched: types of record, the filters that each has, and the columns that are shown of it at first.

One table for the form, the address, the questions and the tests: a filter that a type of record has not is not shown for it, and one that
stands in an address all the same is told, never left out in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.schema import CLASSES, ENFORCEMENT, OPERATIONS, SEVERITIES, VERDICTS

ACTIVITIES = (
    "Process", "Process end", "File read", "File write", "File delete", "Permission change", "Network connect", "Network listen", "DNS",
    "Registry", "Kernel", "Other",
)  # fmt: skip
"""Friendly names of what agents do, as the view ``activity_explorer`` gives them."""


@dataclass(frozen=True)
class Field:
    """One filter. ``several``: values of which one must fit; otherwise a text. ``options``: the values there are; empty: any text.

    ``parameter`` is the question's name for it.
    """

    label: str
    parameter: str
    several: bool = True
    options: tuple[str, ...] = ()
    placeholder: str = "All"
    help: str | None = None


FIELDS: Mapping[str, Field] = {
    "activities": Field("Activities", "activities", options=ACTIVITIES),
    "operation": Field("Operations", "operations", options=tuple(o.name for o in OPERATIONS)),
    "classes": Field("Classes", "classes", options=CLASSES),
    "verdicts": Field("Verdicts", "verdicts", options=("none", *VERDICTS), help="none: no policy was in force"),
    "labels": Field("Labels", "labels", help="Sensitivity labels: any of them"),
    "severity": Field("Severities", "severities", options=SEVERITIES),
    "enforcement": Field("Enforcement", "enforcement", options=ENFORCEMENT),
    "state": Field("States", "states", options=("waiting", "released", "denied", "killed", "gone")),
    "act": Field("Acts", "acts", options=(
        "sign_in", "sign_out", "view", "search", "export", "reveal", "triage", "save_search", "drop_search", "order", "restore", "purge", "policy",
    )),
    "account": Field("Accounts", "accounts"),
    "result": Field("Outcomes", "outcomes", options=("success", "failure", "denied")),
    "object": Field(
        "Object", "object", several=False, placeholder="/etc/**   *.pem   203.0.113.7",
        help="A path or address as it is, a pattern with * ? and **, or a part of it",
    ),
    "keyword": Field(
        "Keyword", "keyword", several=False, placeholder="",
        help="Stands anywhere in paths, addresses, programs, rules and labels; for analysts also in command lines. Small and large letters are the same.",
    ),
    "rule": Field("Rule", "rule", several=False, placeholder="", help="The whole name of the rule"),
    "run": Field("Run", "run", several=False, placeholder="", help="The whole id of the run"),
}  # fmt: skip
"""Filters by their name in the address."""


@dataclass(frozen=True)
class Record:
    """One type of record: ``bar`` are the filters above every page that it has, ``fields`` its own, ``columns`` what is shown at first."""

    title: str
    bar: tuple[str, ...]
    fields: tuple[str, ...]
    columns: tuple[str, ...]

    def takes(self) -> tuple[str, ...]:
        """Every filter that it has, by its name in the address."""
        return (*self.bar, *self.fields)


BAR = ("agents", "hosts", "users")
RECORDS: Mapping[str, Record] = {
    "activity": Record(
        "Activity", BAR,
        ("activities", "operation", "verdicts", "classes", "labels", "object", "keyword", "rule", "run"),
        ("time", "activity", "user", "agent", "host", "object", "verdict", "rule", "outcome"),
    ),
    "findings": Record(
        "Findings", BAR, ("severity", "keyword", "rule", "run"), ("time", "severity", "title", "rule", "attack", "host", "run"),
    ),
    "actions": Record(
        "Actions", BAR, ("enforcement", "keyword", "rule", "run"),
        ("time", "phase", "action", "object", "actor", "enforcement", "evidence", "host", "run"),
    ),
    "requests": Record(
        "Questions to people", BAR, ("state", "keyword", "rule", "run"),
        ("time", "state", "operation", "object", "rule", "decided_by", "decided_account", "why", "agent", "user", "host"),
    ),
    "console": Record(
        "What people did here", (), ("act", "account", "result", "keyword", "run"),
        ("time", "account", "role", "act", "phase", "outcome", "page", "object", "note", "client"),
    ),
}  # fmt: skip
"""Types of record by their name in the address (``record``); each is a question ``audit_<name>``."""

IDENTITY = frozenset({"boot_id", "source", "cpu", "seq", "time_ns", "class"})
"""Columns of activity that find a row again, and that nobody reads in a table."""

MEANINGS: Mapping[str, str] = {
    "activity": "What agents did, as the kernel saw it",
    "findings": "What rules and detections found",
    "actions": "What Lictor did against it, and what was seen of the effect",
    "requests": "Runs that waited for a person, and who decided",
    "console": "Who looked at what in this dashboard, and did what",
}
