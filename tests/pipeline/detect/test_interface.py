from __future__ import annotations

import json

from pipeline import schema
from pipeline.detect.interface import HITS, IDENTITY, ROW_ID
from pipeline.lake.reader import Lake
from pipeline.policy.sequences import findings


def test_identity_is_that_of_the_findings_of_sequences():
    """A reader of ``findings.evidence`` need not know what wrote it."""
    assert set(IDENTITY) == set(findings._PROOF)
    assert set(IDENTITY) <= {c.name for c in schema.ACTIVITY}
    assert HITS.field("evidence").type.value_type == ROW_ID


def test_the_lakes_reader_is_a_context(tmp_path):
    (tmp_path / "wal").mkdir()
    answers = Lake(tmp_path).query_all({"a": "SELECT 1 AS n", "b": "SELECT nothing"})
    assert json.dumps(answers["a"].to_pylist()) == '[{"n": 1}]'
    assert "nothing" in str(answers["b"])
