"""Hits as rows of the table ``findings``.

A finding's id is a hash of what found it, in which version, and of what it rests on: the same match found again has the
same id, so that nothing is told twice. Of a detection that matches all over only the first hits of a pass become
findings of their own; the rest is one finding that says how many.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.detect.interface import HITS, IDENTITY, Detection

MAX_HITS = 1_000
"""Findings of one detection in one pass."""
MAX_EVIDENCE = 100


def finding_rows(hits: Iterable[pa.Table], detections: Mapping[str, Detection]) -> list[dict[str, Any]]:
    """Rows of ``findings``, each id once; in the order of the hits' times within a detection."""
    table = pa.concat_tables([HITS.empty_table(), *hits])
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(pc.unique(table["detection"]).to_pylist()):
        mine = table.filter(pc.equal(table["detection"], name)).sort_by("time")
        for row in _rows(detections[name], mine):
            found.setdefault(row["id"], row)
    return list(found.values())


def batch(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows in lake types, every column of the table."""
    return pa.Table.from_pylist(rows, schema.lake_schema("findings"))


def _rows(detection: Detection, hits: pa.Table) -> Iterable[dict[str, Any]]:
    for hit in hits.slice(0, MAX_HITS).to_pylist():
        yield _finding(detection, hit, hit["evidence"] or [], detection.title)
    surplus = hits.num_rows - MAX_HITS
    if surplus > 0:
        rest = hits.slice(MAX_HITS, MAX_EVIDENCE)
        evidence = [row for rows in rest["evidence"].to_pylist() for row in rows or []][:MAX_EVIDENCE]
        last = hits.slice(hits.num_rows - 1).to_pylist()[0]
        yield _finding(
            detection, last | {"agent_run": None}, evidence, f"{detection.title} ({surplus} more of this pass)"
        )


def _finding(
    detection: Detection, hit: Mapping[str, Any], evidence: list[dict[str, Any]], title: str
) -> dict[str, Any]:
    proof = [{n: row[n] for n in IDENTITY if row.get(n) is not None} for row in evidence]
    return {
        "id": finding_id(detection, proof, hit["agent_run"]), "time": hit["time"], "host": hit["host"],
        "agent_run": hit["agent_run"], "rule": detection.id, "policy": None, "severity": detection.severity,
        "title": title, "attack": ",".join(detection.attack) or None,
        "evidence": json.dumps(proof, separators=(",", ":")),
    }  # fmt: skip


def finding_id(detection: Detection, proof: list[dict[str, Any]], run: str | None) -> str:
    """32 hexadecimal digits of what found it and what it rests on."""
    said = [detection.id, detection.version, run, proof]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]
