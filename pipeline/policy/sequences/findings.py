"""Rows of the table ``findings``: one for each chain that was completed and is worth a person's look.

A finding's id is a hash of what it says: a replay of the same events gives the same ids, and a second
copy of a finding is recognised as one.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.sequences.plan import SequencePlan

_PROOF = ("boot_id", "source", "cpu", "class", "seq", "time_ns")


def finding(plan: SequencePlan, run: str | None, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One row; ``events`` are the rows that a chain rests on, in order, the completing one last."""
    proof = [{name: event[name] for name in _PROOF if event.get(name) is not None} for event in events]
    last = events[-1]
    return {
        "id": finding_id(plan, run, events),
        "time": None if last["time_ns"] is None else last["time_ns"] // 1000,
        "host": last["host"],
        "agent_run": run,
        "rule": plan.id,
        "policy": plan.policy,
        "severity": plan.severity,
        "title": plan.title or plan.id,
        "attack": ",".join(plan.attack) or None,
        "evidence": json.dumps(proof, separators=(",", ":")),
    }


def finding_id(plan: SequencePlan, run: str | None, events: Sequence[dict[str, Any]]) -> str:
    """32 hexadecimal digits from run, rule and the identity of the events."""
    said = [run, plan.policy, plan.id, *([event.get(name) for name in _PROOF] for event in events)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def finding_rows(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """A batch of ``findings`` in memory types."""
    columns = {}
    for column in schema.TABLES["findings"]:
        values = pa.array([row[column.name] for row in rows], column.type)
        columns[column.name] = values.dictionary_encode() if pa.types.is_string(column.type) else values
    return schema.batch("findings", columns)
