"""Judges what no single event tells: the step behind the judge, for the rows of one run.

The row that completes a sequence gets its rule's verdict where that is stronger than what stands
there, never a weaker one; what is to be found goes to a callable. State lives as long as the step: one per run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.coded import coded
from pipeline.policy.classes import encoded, indices
from pipeline.policy.combine import STOPPING
from pipeline.policy.sequences.engine import Completion, Engine
from pipeline.policy.sequences.findings import finding_rows

if TYPE_CHECKING:
    from pipeline.policy.sequences.plan import Longs, Plan, SequencePlan

_STRENGTH = {verdict: i for i, verdict in enumerate(schema.VERDICTS)}
_STOPS = len(schema.VERDICTS)
"""Added to the strength of what is carried out and stops something: a rule that only records never hides it."""

_WEAKEST = -1


class Correlate:
    """A step of the pipeline for one run; the run's rows must come in the order in which they are kept."""

    def __init__(self, plan: Plan, on_findings: Callable[[pa.RecordBatch], None]) -> None:
        """``on_findings`` gets batches of the table ``findings``, before the rows that they are about are returned."""
        self._plan = plan
        self._on_findings = on_findings
        self._engine = Engine(plan)

    @property
    def lost(self) -> int:
        """Keys, processes and files that were forgotten while a rule might still have needed them."""
        return self._engine.lost

    @property
    def withheld(self) -> int:
        """Findings that were not written since their rule had too many in this run."""
        return self._engine.withheld

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the verdicts of sequences; the same batch where none is completed."""
        if not batch.num_rows:
            return batch
        completions, findings = self._engine.advance(batch, _run(batch))
        if findings:
            self._on_findings(finding_rows(findings))
        return self._judged(batch, completions) if completions else batch

    def _judged(self, batch: pa.RecordBatch, completions: Sequence[Completion]) -> pa.RecordBatch:
        best = self._given(batch)
        which = np.full(batch.num_rows, -1, np.int64)
        for done in sorted(completions, key=lambda c: c.sequence):
            rank = _rank(self._plan.sequences[done.sequence])
            rows = done.rows[best[done.rows] < rank]
            best[rows], which[rows] = rank, done.sequence
        return _overlaid(batch, which, self._plan.sequences)

    def _given(self, batch: pa.RecordBatch) -> Longs:
        """Strength of what each row says already."""
        if "verdict" not in batch.schema.names:
            return np.full(batch.num_rows, _WEAKEST, np.int64)
        column = encoded(batch["verdict"])
        verdicts = column.dictionary.to_pylist()
        codes = indices(column)
        table = np.array([_strength(v, enforce=True) for v in verdicts] + [_WEAKEST], np.int64)
        found: Longs = table.take(codes)
        recorded = self._recorded(batch)
        if recorded.any():
            weak = np.array([_strength(v, enforce=False) for v in verdicts] + [_WEAKEST], np.int64)
            found = np.where(recorded, weak.take(codes), found)
        return found

    def _recorded(self, batch: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Rows whose verdict stands there by a rule that only records."""
        found = np.zeros(batch.num_rows, np.bool_)
        if not self._plan.recording or not {"rule", "policy"} <= set(batch.schema.names):
            return found
        rules, policies = encoded(batch["rule"]), encoded(batch["policy"])
        for policy, rule in self._plan.recording:
            found |= _equal(rules, rule) & _equal(policies, policy)
        return found


def _run(batch: pa.RecordBatch) -> str | None:
    name: str | None = batch["agent_run"][0].as_py() if "agent_run" in batch.schema.names else None
    return name


def _equal(column: pa.DictionaryArray, text: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    table = np.array([value == text for value in column.dictionary.to_pylist()] + [False])
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = table.take(indices(column))
    return found


def _rank(sequence: SequencePlan) -> int:
    return _strength(sequence.action, enforce=sequence.enforce)


def _strength(verdict: str | None, *, enforce: bool) -> int:
    if verdict not in _STRENGTH:
        return _WEAKEST
    return _STRENGTH[verdict] + (_STOPS if enforce and verdict in STOPPING else 0)


def _overlaid(batch: pa.RecordBatch, which: Longs, sequences: Sequence[SequencePlan]) -> pa.RecordBatch:
    """The batch with the judged columns of sequence ``which`` of a row, where that is not negative."""
    if not (which >= 0).any():
        return batch
    said: dict[str, Sequence[str | None]] = {
        "verdict": [s.action for s in sequences],
        "rule": [s.id for s in sequences],
        "policy": [s.policy for s in sequences],
        "policy_version": [s.policy_version for s in sequences],
        "severity": [s.severity for s in sequences],
    }
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name, values in said.items():
        columns[name] = _overwritten(columns.get(name), which, values)
    return schema.batch("activity", columns)


def _overwritten(old: pa.Array | None, which: Longs, values: Sequence[str | None]) -> pa.DictionaryArray:
    """A column with ``values[which]`` where that is not negative; done on the dictionary's numbers, which are few."""
    column = None if old is None else encoded(old)
    texts = [] if column is None else column.dictionary.to_pylist()
    numbers = {text: i for i, text in enumerate(texts)} | {None: -1}
    for value in values:
        if value not in numbers:
            numbers[value] = len(texts)
            texts.append(value)
    own = np.full(len(which), -1, np.int64) if column is None else indices(column)
    codes = np.where(which >= 0, np.array([numbers[value] for value in values]).take(which, mode="clip"), own)
    return coded(codes, pa.array(texts, pa.string()))
