"""OCSF, the Open Cybersecurity Schema Framework: each row as an event of its class, valid against version 1.8.0."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from pipeline.export.formats.interface import EVENTS, Format
from pipeline.export.formats.kinds import activity_kind
from pipeline.export.formats.leaves import constant
from pipeline.export.formats.ocsf import agent, findings, lifecycle, network, system
from pipeline.export.formats.tree import Object
from pipeline.export.formats.writing import by_tree, encode


class Ocsf(Format):
    """Events of OCSF 1.8.0, one JSON object each.

    ``processes`` has no events: each of its rows is the start of a program, which ``activity`` has told already.
    """

    name = "ocsf"
    content_type = "application/json"
    tables = EVENTS

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One event per row."""
        kinds = trees(table)
        kind_of = activity_kind(tuple(kinds)) if table == "activity" else constant(table)
        return encode(table, rows, by_tree(kinds), kind_of)


@cache
def trees(table: str) -> dict[str, Object]:
    """Every kind of event of a table, by name; those of ``activity`` by operation, else by class, else ``other``."""
    if table == "activity":
        return {
            **system.process_events(),
            **system.file_events(),
            **system.kernel_events(),
            **network.events(),
            **agent.events(),
            **system.other_events(),
        }
    made = {
        "findings": findings.finding,
        "actions": findings.action,
        "requests": findings.request,
        "runs": lifecycle.run,
        "coverage": lifecycle.coverage,
        "policies": lifecycle.policy,
    }
    return {table: made[table]()}
