"""What a mark of the timeline stands for: which rows to show when it is clicked.

The name of a mark comes back from a browser, so it is read like anything that a person may have written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from dashboards.runs.timeline import LANES
from pipeline.schema import VERDICTS

STOPPED = VERDICTS[VERDICTS.index("ask") :]
OTHERS = ("none", *VERDICTS[: VERDICTS.index("ask")])


@dataclass(frozen=True)
class Rows:
    """Rows to ask for: ``values`` are parameters of ``run_rows``."""

    title: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Thing:
    """A single finding, action or tool call: ``row`` is what the lake has of it."""

    title: str
    row: Mapping[str, Any]


def of_bin(name: str, width: timedelta) -> Rows | None:
    """The rows of a bin; ``None`` where the name is not one of a bin."""
    kind, _, rest = name.partition(" ")
    begin, _, lane = rest.partition(" ")
    if kind not in {"bin", "stopped"} or lane not in LANES or not begin.lstrip("-").isdigit() or len(begin) > 15:
        return None
    since = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(begin))
    verdicts = list(STOPPED if kind == "stopped" else OTHERS)
    values = {"since": since, "until": since + width, "lane": lane, "verdicts": verdicts}
    return Rows(f"{lane}, {since:%H:%M:%S.%f}"[:-3], values)


def of_thing(name: str, tools: pa.Table, findings: pa.Table, actions: pa.Table) -> Thing | None:
    """The tool call, finding or action of that name."""
    kind, _, wanted = name.partition(" ")
    tables = {"call": (tools, "tool_call"), "finding": (findings, "id"), "action": (actions, "id")}
    if kind not in tables:
        return None
    table, key = tables[kind]
    found = next((row for row in table.to_pylist() if row[key] == wanted), None)
    return Thing({"call": "Tool call", "finding": "Finding", "action": "Action"}[kind], found) if found else None
