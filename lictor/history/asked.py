"""What one program says of facts: the verdict on each, and which steps of its rules with a memory each could be.

As the judge and the matcher of steps do it, but in one pass: a path is compared with all patterns once, and
that is most of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.coded import coded
from pipeline.policy.classes import indices
from pipeline.policy.combine import STOPPING
from pipeline.policy.decide import Decider, Decision
from pipeline.policy.sequences.combinations import Combinations
from pipeline.policy.sequences.matching import MOST_KNOWN, planned
from pipeline.steps.correlate import Correlate
from pipeline.steps.judge import JUDGED, Judge

if TYPE_CHECKING:
    from lictor.history.asking import Looks
    from pipeline.policy.classes import Codes
    from pipeline.policy.compile import Program
    from pipeline.policy.sequences.plan import Longs, Plan

_STRENGTH = {verdict: i for i, verdict in enumerate(schema.VERDICTS)}


@dataclass(frozen=True)
class Said:
    """A verdict, whose it is, and whether it stops something: a rule that only records does not."""

    verdict: str | None
    rule: str | None
    policy: str | None
    stops: bool


class Book:
    """Numbers everything that is said, over all programs."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self._numbers: dict[Said, int] = {}

    def number(self, said: Said) -> int:
        """The number of what is said."""
        number = self._numbers.setdefault(said, len(self.said))
        if number == len(self.said):
            self.said.append(said)
        return number


class InOrder:
    """Judge and memory of one run."""

    def __init__(self, judge: Judge, memory: Correlate | None) -> None:
        self._judge = judge
        self._memory = memory

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the judged columns."""
        judged = self._judge(batch)
        return judged if self._memory is None else self._memory(judged)

    @property
    def lost(self) -> int:
        """What was forgotten while a rule might still have needed it."""
        return 0 if self._memory is None else self._memory.lost


class Asked:
    """One program, to be asked about many facts; remembers what it found out."""

    def __init__(self, program: Program, book: Book) -> None:
        self.program = program
        self._book = book
        self._steps = tuple(step.rule for sequence in program.sequences for step in sequence.steps)
        self._decider = Decider(program, self._steps)
        self._judge: Judge | None = None
        self._plan: Plan | None = None
        self._forget()

    def ask(self, facts: pa.RecordBatch, known: pa.Array | None = None) -> tuple[Longs, list[int], Longs]:
        """For each row the number of what is said; steps as bit sets; for each row which of these it has.

        ``known`` are rows that bear a verdict by this very program: the sensor knew more than the row says
        (a hard link to a denied file), so that the stronger of the two holds.
        """
        if max(len(self._known), len(self._combinations)) > MOST_KNOWN:
            self._forget()
        combinations, which = self._combinations.of(facts)
        answers = [self._answer(c) for c in combinations]
        said = np.array([a[0] for a in answers], np.int64).take(which)
        if known is not None and known.true_count and "verdict" in facts.schema.names:
            said = self._with_known(facts, known, said)
        return said, [a[1] for a in answers], which

    def said(self, decision: Decision) -> int:
        """Number of a decision of this program."""
        recorded = (decision.policy, decision.rule) in self.program.recording
        stops = decision.verdict in STOPPING and not recorded
        return self._book.number(Said(decision.verdict, decision.rule, decision.policy, stops))

    def in_order(self) -> InOrder:
        """Judge and memory for the events of one run, as ``Verdicts`` has them; runs share what does not remember events."""
        if self._plan is None:
            self._plan = planned(self.program)
        return InOrder(self._judging(), None if self._plan is None else Correlate(self._plan, lambda _: None))

    def _judging(self) -> Judge:
        self._judge = self._judge or Judge(self.program)
        return self._judge

    def _forget(self) -> None:
        self._combinations = Combinations(self._decider)
        self._known: dict[tuple[int, ...], tuple[int, int]] = {}

    def _answer(self, combination: tuple[int, ...]) -> tuple[int, int]:
        if combination not in self._known:
            facts = self._combinations.facts(combination)
            steps = sum(1 << i for i, rule in enumerate(self._steps) if self._decider.matches(rule, facts))
            self._known[combination] = self.said(self._decider.decide(facts)), steps
        return self._known[combination]

    def _with_known(self, facts: pa.RecordBatch, known: pa.Array, said: Longs) -> Longs:
        """Rows whose recorded verdict is the stronger one, by the judge itself."""
        mine = np.array([_STRENGTH.get(s.verdict or "", -1) for s in self._book.said]).take(said)
        was = facts["verdict"].cast(pa.string()).dictionary_encode()
        theirs = np.array([*(_STRENGTH.get(v, -1) for v in was.dictionary.to_pylist()), -1])
        codes = was.indices.fill_null(len(was.dictionary)).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(known.to_numpy(zero_copy_only=False) & (theirs.take(codes) > mine))
        if not len(rows):
            return said
        said = said.copy()
        said[rows] = self.numbers(self._judging()(facts.take(pa.array(rows))))
        return said

    def numbers(self, judged: pa.RecordBatch) -> Longs:
        """Number of what is said of each row of a judged batch."""
        columns = [judged[name].cast(pa.string()).dictionary_encode() for name in JUDGED[:3]]
        codes = [
            c.indices.fill_null(len(c.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64) for c in columns
        ]
        values = [[*c.dictionary.to_pylist(), None] for c in columns]
        key = (codes[0] * len(values[1]) + codes[1]) * len(values[2]) + codes[2]
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        numbers = [self.said(Decision(*(v[c[row]] for v, c in zip(values, codes, strict=True)))) for row in first]
        found: Longs = np.array(numbers, np.int64).take(which)
        return found


def batch_of(table: pa.Table, looks: Looks) -> pa.RecordBatch:
    """Facts as rows of ``activity``, encoded, with both ends of a connection and with what was said of them then."""
    columns: dict[str, pa.Array] = {}
    for name in ("agent_run", "operation", *looks.columns):
        if name in ("ip", "port"):
            columns |= {end: encoded_column(end, table[name]) for end in (f"src_{name}", f"dst_{name}")}
        else:
            columns[name] = encoded_column(name, table[name])
    for name, source in (("verdict", "was"), ("rule", "rule"), ("policy", "policy")):
        columns[name] = encoded_column(name, table[source])
    return schema.batch("activity", {n: c for n, c in columns.items() if c.null_count < len(c)})


def encoded_column(name: str, column: pa.ChunkedArray) -> pa.Array:
    """A column of an answer in the type of memory; one without any value comes from the engine in any type."""
    want = schema.lake_type("activity", name)
    whole = column.combine_chunks() if column.type == want else column.cast(want).combine_chunks()
    return whole.dictionary_encode() if pa.types.is_string(want) else whole


class Parts:
    """Cuts facts into parts, with dictionaries of what stands in them: other runs' values are none of a program's business."""

    def __init__(self, facts: pa.RecordBatch) -> None:
        self._facts = facts
        self._codes = [indices(c) if pa.types.is_dictionary(c.type) else None for c in facts.columns]

    def of(self, rows: Longs) -> pa.RecordBatch:
        """Some of the rows."""
        columns = [
            column.take(pa.array(rows)) if codes is None else _part(column.dictionary, codes.take(rows))
            for column, codes in zip(self._facts.columns, self._codes, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, names=self._facts.schema.names)


def _part(dictionary: pa.Array, codes: Codes) -> pa.DictionaryArray:
    place = np.zeros(len(dictionary) + 1, np.int32)  # the last entry is that of NULL, which -1 reaches
    place[codes] = 1
    used = np.flatnonzero(place[:-1])
    place[used] = np.arange(len(used), dtype=np.int32)
    return coded(np.where(codes < 0, -1, place.take(codes)), dictionary.take(pa.array(used)))
