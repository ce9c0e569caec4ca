"""What a policy grants against what real runs used of it: each rule with its decisions, those that nobody needed, and those that are not there any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from dashboards.interface import Rows
from pipeline import schema

SILENT = "(no rule and no default)"
"""How events are called that a policy lets pass without speaking of them."""
LOOKED_AT = 500_000
"""Events of a rule that are looked at one by one."""
LEAST = timedelta(minutes=1)
GRANTS = frozenset({"allow", "audit"})
_COUNTS = ("matches", "went", "refused", "runs")
_COLUMNS = pa.schema([
    ("rule", pa.string()), ("action", pa.string()), ("use", pa.string()), *((name, pa.int64()) for name in _COUNTS),
    ("by", pa.string()), ("last", schema.TIME), ("on", pa.string()), ("enforced", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """How many rules and defaults grant something, how many of these were used, and how many stop something and did."""

    granting: int
    used: int
    stopping: int
    stopped: int

    @property
    def unused(self) -> int:
        """Grants that nobody needed in the time."""
        return self.granting - self.used


def joined(rules: Rows, use: pa.Table) -> pa.Table:
    """One row for each rule and default of a text, and for those that decided meanwhile and do not stand in it."""
    granted = _by_rule(rules)
    used: dict[str | None, dict[str, Any]] = {row["rule"]: row for row in use.to_pylist()}
    rows = [_row(name, rule, used.pop(name, None)) for name, rule in granted.items()]
    rows += [_row(name or SILENT, None, counts) for name, counts in used.items()]
    rows.sort(key=lambda r: (-(r["matches"] or 0), r["rule"]))
    return pa.Table.from_pylist(rows, _COLUMNS)


def newest_part(row: dict[str, Any], since: datetime) -> datetime:
    """From when on to look at what a rule decided about: all of the time, or so much of its end as holds about ``LOOKED_AT`` events."""
    if row["matches"] <= LOOKED_AT:
        return since
    part = (row["last"] - since) * (LOOKED_AT / row["matches"])
    return max(since, row["last"] - max(part, LEAST))  # type: ignore[no-any-return]  # both are moments


def summary(table: pa.Table) -> Summary:
    """The numbers of a joined table."""
    rows = [row for row in table.to_pylist() if row["action"]]
    grants = [row for row in rows if row["action"] in GRANTS]
    stops = [row for row in rows if row["action"] not in GRANTS]
    return Summary(len(grants), sum(r["matches"] > 0 for r in grants), len(stops), sum(r["matches"] > 0 for r in stops))


def _by_rule(rules: Rows) -> dict[str, dict[str, Any]]:
    """Rows of ``explain`` by rule: a rule has one for each way in which it is carried out."""
    found: dict[str, dict[str, Any]] = {}
    for row in rules:
        known = found.setdefault(row["rule"], {"action": row["action"], "on": [], "enforced": []})
        known["on"] += [on for on in row["on"].split(", ") if on not in known["on"]]
        known["enforced"] += [row["enforced"]] if row["enforced"] not in known["enforced"] else []
    return found


def _row(name: str, rule: dict[str, Any] | None, counts: dict[str, Any] | None) -> dict[str, Any]:
    row = dict.fromkeys(_COUNTS, 0) | {"last": None, "by": None} | (counts or {}) | {"rule": name}
    if rule is None:
        remark = "nothing speaks of these" if name == SILENT else "not in this text"
        return row | {"action": "", "on": "", "enforced": "", "use": remark}
    if counts:
        remark = "used" if rule["action"] in GRANTS else "decided"
    else:
        remark = "granted, never used" if rule["action"] in GRANTS else "never needed"
    return row | {
        "action": rule["action"], "use": remark, "on": ", ".join(rule["on"]), "enforced": ", ".join(filter(None, rule["enforced"])),
    }  # fmt: skip
