"""Sets the status of findings: a row of ``console`` for each, which is what the status is.

Two people may look at the same finding. Each sets what they set on top of a row that they saw; where another row has
come meanwhile, nothing is written until they were told of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboards import context, data, who
from dashboards.findings.statuses import refusal
from dashboards.interface import DashboardError, Role

MOST = 200
"""Findings that are triaged at once."""
_one_at_a_time = threading.Lock()
"""Held from the look at the status to the row about it, for all who look at this dashboard."""


@dataclass(frozen=True)
class Standing:
    """How a finding stands: ``row`` names the row that says so, ``None`` where nobody set anything."""

    finding: str
    run: str | None
    status: str
    row: str | None


@dataclass(frozen=True)
class Meanwhile:
    """A status that somebody else has set since; ``standing`` is what is there now."""

    standing: Standing
    account: str
    time: datetime
    note: str | None


def standing(row: Mapping[str, Any]) -> Standing:
    """Of a row of the list, or of one finding."""
    return Standing(row["id"], row["agent_run"], row["status"], row["status_row"])


def put(seen: Sequence[Standing], status: str, note: str) -> list[Meanwhile]:
    """Set a status of each; or nothing at all, and what others have set meanwhile.

    Raises ``DashboardError``: without the role, for a status that needs a note, and where it cannot be recorded.
    """
    account = who.demand(Role.analyst)
    if (why := refusal(status, note)) is not None:
        raise DashboardError(why)
    if len(seen) > MOST:
        raise DashboardError(f"at most {MOST} findings at once; {len(seen):,} are chosen")
    with _one_at_a_time:
        if changed := _changed(seen):
            return changed
        for done, before in enumerate(seen):
            try:
                context.ports().journal.write(
                    account, "triage", outcome="success", page="findings", object=before.finding, agent_run=before.run,
                    status=status, note=note.strip() or None, detail={"was": before.status, "seen": before.row},
                )  # fmt: skip
            except DashboardError as error:
                raise DashboardError(f"{done} of {len(seen)} were set, then: {error}") from error
        data.forget()
    return []


def _changed(seen: Sequence[Standing]) -> list[Meanwhile]:
    data.forget()
    rows = {r["finding"]: r for r in data.ask("findings_standing", findings=[s.finding for s in seen]).to_pylist()}
    found = []
    for before in seen:
        now = rows.get(before.finding)
        if now is not None and now["row_id"] != before.row:
            after = Standing(before.finding, before.run, now["status"], now["row_id"])
            found.append(Meanwhile(after, now["account"], now["time"], now["note"]))
    return found
