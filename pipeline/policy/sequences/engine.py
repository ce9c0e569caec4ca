"""All rules with a memory over the rows of one run: what each batch completes, and what is to be found.

The engine's answers depend on the rows and their order alone, never on how they came in batches: a
batch is cut where a block of the run ends, and only there anything is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.policy.sequences.automaton import Automaton, Completed
from pipeline.policy.sequences.evidence import Evidence
from pipeline.policy.sequences.findings import finding
from pipeline.policy.sequences.keys import key_column
from pipeline.policy.sequences.plan import BLOCK_ROWS, NONE, WORD_BITS, Flags, Longs, Plan
from pipeline.policy.sequences.taint import Taint


@dataclass(frozen=True)
class Completion:
    """Rows of a batch that complete sequence number ``sequence`` of the plan."""

    sequence: int
    rows: Longs


class Engine:
    """The memory of one run; drop it when the run ends."""

    def __init__(self, plan: Plan, *, block: int = BLOCK_ROWS) -> None:
        self._plan = plan
        self._block = block
        self._automata = [Automaton(sequence) for sequence in plan.sequences]
        self._taint = Taint(plan.labeller) if plan.labeller is not None else None
        self._evidence = Evidence()
        self._rows = 0
        self._now = NONE

    def advance(self, batch: pa.RecordBatch, run: str | None) -> tuple[list[Completion], list[dict[str, Any]]]:
        """Take in the next rows of the run; what they complete, and rows of ``findings`` in the order of the stream."""
        words = self._plan.matcher.match(batch)
        times = _times(batch)
        completions: list[Completion] = []
        findings: list[tuple[tuple[int, int], dict[str, Any]]] = []
        for begin, end in self._pieces(batch.num_rows):
            piece = batch.slice(begin, end - begin)
            for sequence, done in self._piece(piece, words[:, begin:end], times[begin:end]):
                completions.append(Completion(sequence, done.rows + begin))
                if len(done.found):
                    findings += self._found(sequence, done, run, begin)
            self._after(times[begin:end])
        return completions, [row for _, row in sorted(findings, key=lambda f: f[0])]

    @property
    def lost(self) -> int:
        """Keys, processes and files that were forgotten while a rule might still have needed them."""
        return sum(a.lost for a in self._automata) + (self._taint.lost if self._taint else 0)

    @property
    def withheld(self) -> int:
        """Findings that were not written since their rule had too many in this run."""
        return sum(a.withheld for a in self._automata)

    def _pieces(self, rows: int) -> Iterator[tuple[int, int]]:
        begin = 0
        while begin < rows:
            end = min(rows, begin + self._block - self._rows % self._block)
            yield begin, end
            begin = end

    def _piece(self, piece: pa.RecordBatch, words: Longs, times: Longs) -> Iterator[tuple[int, Completed]]:
        """Rows of one block at most: the sequences that some of them complete."""
        tainted = None if self._taint is None else self._taint.advance(piece, self._rows)
        rows = np.flatnonzero(words.any(axis=0) & (times != NONE))
        if not len(rows):
            return
        hits = [
            self._hits(i, words[:, rows], None if tainted is None else tainted[rows])
            for i in range(len(self._automata))
        ]
        moved = [np.logical_or.reduce(steps) for steps in hits]
        self._evidence.add(piece, rows[np.logical_or.reduce(moved)], self._rows)
        keys: dict[str, pa.Array] = {}
        for i, automaton in enumerate(self._automata):
            some = np.flatnonzero(moved[i])
            if not len(some):
                continue
            by, at = automaton.plan.by, rows[some]
            if by not in keys:
                keys[by] = key_column(piece, by)
            done = automaton.advance(
                at + self._rows, times[at], keys[by].take(pa.array(at)), [step[some] for step in hits[i]]
            )
            if done is not None:
                yield i, Completed(at[done.rows], at[done.found], done.chains)

    def _hits(self, sequence: int, words: Longs, tainted: Longs | None) -> list[Flags]:
        """For each step of a sequence the rows that match it."""
        found = []
        for step in self._plan.sequences[sequence].steps:
            hit = (words[step.matcher // WORD_BITS] >> (step.matcher % WORD_BITS) & 1).astype(np.bool_)
            if step.taint:
                hit &= np.zeros(len(hit), np.bool_) if tainted is None else (tainted & step.taint) != 0
            found.append(hit)
        return found

    def _found(
        self, sequence: int, done: Completed, run: str | None, begin: int
    ) -> list[tuple[tuple[int, int], dict[str, Any]]]:
        """Rows of ``findings``, each with what it is sorted by."""
        plan, width = self._plan.sequences[sequence], done.chains.shape[1]
        events = self._evidence.rows(done.chains.ravel())
        return [
            ((row + begin, sequence), finding(plan, run, events[i * width : (i + 1) * width]))
            for i, row in enumerate(done.found.tolist())
        ]

    def _after(self, times: Longs) -> None:
        self._rows += len(times)
        self._now = max(self._now, int(times.max()))
        if self._rows % self._block:
            return
        for automaton in self._automata:
            automaton.keep_latest(self._now)
        if self._taint is not None:
            self._taint.keep_latest()
        self._evidence.keep(np.concatenate([a.needed() for a in self._automata]))


def _times(batch: pa.RecordBatch) -> Longs:
    """Nanoseconds of each row, from ``time`` where a source has no finer ones; ``NONE`` for a row without a time."""
    names = set(batch.schema.names)
    fine = batch["time_ns"] if "time_ns" in names else pa.nulls(batch.num_rows, pa.int64())
    if fine.null_count and "time" in names:
        fine = pc.coalesce(fine, pc.multiply(batch["time"].cast(pa.int64()), 1000))
    found: Longs = pc.fill_null(fine, NONE).to_numpy(zero_copy_only=False)
    return found
