"""What the overview computes from its answers: tiles, and the filters that lead from them to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards.parts.filters import Filters
from pipeline.schema import SEVERITIES, VERDICTS

HOUR = timedelta(hours=1)
LOOKED_AT = 100_000
"""Connections whose destinations are ranked, the newest; an hour is never cut."""
DENIED = VERDICTS[VERDICTS.index("deny") :]


@dataclass(frozen=True)
class Tile:
    """One number, what it means, and where its rows are."""

    label: str
    value: str
    meaning: str
    page: str
    link: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


def tiles(found: Mapping[str, pa.Table]) -> list[Tile]:
    """The six numbers of the overview."""
    runs, verdicts, findings = found["overview_runs"], found["overview_verdicts"], found["overview_findings"]
    egress, sensitive, coverage = found["overview_egress"], found["overview_sensitive"], found["overview_coverage"]
    external = egress.filter(pc.equal(egress["scope"], "external"))
    return [
        Tile("Runs now", f"{runs.num_rows:,}", "Runs that have begun and not ended", "run", "Runs"),
        Tile(
            "Denials", f"{denials(verdicts):,}", "Rows whose verdict is deny or stronger", "audit", "Denied rows",
            {"verdicts": list(DENIED)},
        ),
        Tile("New findings", _sum(findings, "new"), "Findings that nobody has looked at", "findings", "To triage", {"status": "new"}),
        Tile("Sensitive files", _sum(sensitive, "touched"), "Events on files with a label", "explorer", "Rows", {"set": "labels"}),
        Tile("External egress", _sum(external, "attempts"), "Connections to outside, of the destinations ranked below", "explorer", "Rows", {"set": "egress"}),
        Tile("Events lost", _lost(coverage), "What collectors know that they lost", "health", "Coverage"),
    ]  # fmt: skip


def egress_since(network: pa.Table, since: datetime) -> datetime:
    """From when on destinations are looked at: events are read for them one by one, so only the newest ``LOOKED_AT`` are."""
    seen = 0
    for hour, events in zip(network["hour"].to_pylist(), network["events"].to_pylist(), strict=True):
        seen += events
        if seen >= LOOKED_AT:
            return since if hour < since else datetime.fromtimestamp(hour.timestamp(), UTC)
    return since


def denials(verdicts: pa.Table) -> int:
    """Rows that were denied, or more."""
    stopped = pc.is_in(verdicts["verdict"], pa.array(DENIED))
    return pc.sum(verdicts.filter(stopped)["events"]).as_py() or 0


def by_severity(findings: pa.Table) -> pa.Table:
    """The same rows, the most severe first."""
    order = [SEVERITIES.index(s) if s in SEVERITIES else -1 for s in findings["severity"].to_pylist()]
    return findings.take(pc.sort_indices(pa.array(order), sort_keys=[("", "descending")]))


def address(chosen: Filters) -> dict[str, str | list[str]]:
    """The filters of this page for a link to another one."""
    given: dict[str, str | list[str]] = {n: st.query_params[n] for n in ("since", "until") if n in st.query_params}
    return given | {
        n: list(v) for n, v in (("agents", chosen.agents), ("hosts", chosen.hosts), ("users", chosen.users)) if v
    }


def _sum(rows: pa.Table, column: str) -> str:
    return f"{pc.sum(rows[column]).as_py() or 0:,}"


def _lost(coverage: pa.Table) -> str:
    unknown = pc.sum(coverage["unknown"]).as_py() or 0
    return ("≥ " if unknown else "") + _sum(coverage, "lost")
