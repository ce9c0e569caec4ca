"""A draft tried on what runs really did: begun by a person, done in the background, and its result as the command line tells it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from dashboards import context
from dashboards.interface import Account
from dashboards.parts.jobs import Job, jobs
from dashboards.policing import draft
from dashboards.policing.draft import Draft
from pipeline import schema

_RESULT = pa.schema([
    ("rule", pa.string()), ("verdict", pa.string()), ("was", pa.string()), ("runs", pa.int64()), ("events", pa.int64()),
    ("broken", pa.int64()), ("newly_allowed", pa.int64()), ("first", schema.TIME), ("operation", pa.string()),
    ("object", pa.string()), ("exe", pa.string()),
])  # fmt: skip


def name(policy: Draft) -> str:
    """What the trial of a policy is called among the work of an account: one for each version that is edited."""
    return f"backtest {policy.key}"


def begin(account: Account, policy: Draft, since: datetime) -> Job:
    """Try a text on all runs since then. Raises ``DashboardError``."""
    tools = draft.tools()
    about = f"Backtest of {policy.policy} ({policy.sha256[:12]}) over runs since {since:%Y-%m-%d %H:%M} UTC"
    detail = {"sha256": policy.sha256, "instead_of": policy.version, "since": since.isoformat()}
    context.ports().journal.write(account, "search", page="policies", object=f"backtest {policy.policy}", detail=detail)
    return jobs.start(
        account, name(policy), about, lambda: (policy.sha256, tools.backtest(policy.text, since, policy.origin))
    )


def rows(found: Mapping[str, Any]) -> pa.Table:
    """What it would have done, by rule."""
    return pa.Table.from_pylist([{n: row.get(n) for n in _RESULT.names} for row in found["rows"]], _RESULT)
