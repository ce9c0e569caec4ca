"""Rules with a memory over history: which runs could complete one at all, and their events in the order of time.

Counts of distinct facts say nothing about order, but they say in which runs a rule cannot have been completed: one of
its steps never happened there, or not often enough. Only the others are read event by event, and of them only events
that some step or the spreading of labels speaks of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lictor.history.asking import TAINT, Looks, Rows, Window, ordered_sql
from pipeline import schema
from pipeline.policy.decide import OPENS
from pipeline.policy.sequences.matching import PathLabeller

if TYPE_CHECKING:
    from lictor.history.runs import Query
    from pipeline.policy.compile import CompiledSequence, Program
    from pipeline.policy.globs import Glob
    from pipeline.policy.sequences.plan import Longs

PAGE_ROWS = 400_000
"""Events in one answer."""

MOST_PATHS = 400
"""Past so many paths of an operation all of its events are read."""


@dataclass(frozen=True)
class Need:
    """Events of a run that must be seen in order, and how many they are."""

    run: str
    rows: Rows
    events: int


class Possible:
    """Which rules with a memory of one program could be completed by some facts of a run."""

    def __init__(self, program: Program) -> None:
        self._sequences = program.sequences
        self._bits: list[range] = []
        at = 0
        for sequence in self._sequences:
            self._bits.append(range(at, at + len(sequence.steps)))
            at += len(sequence.steps)
        labels = {g for layer in program.layers for s in layer.sequences for g in _labels(layer.labels, s)}
        self._labeller = PathLabeller([sorted(labels, key=lambda g: g.text)]) if labels else None

    def in_run(self, steps: Counter[int], paths: pa.Array) -> list[int]:
        """Numbers of the sequences; ``steps`` counts the events by the steps that they could be."""
        found = [i for i, s in enumerate(self._sequences) if self._often_enough(i, s, steps)]
        tainted = [i for i in found if _tainted(self._sequences[i])]
        if tainted and not self._labelled(paths):
            return [i for i in found if i not in tainted]
        return found

    def steps_of(self, sequences: Iterable[int]) -> int:
        """Bits of all steps of some sequences, also of those that must not be there."""
        return sum(1 << bit for i in sequences for bit in self._bits[i])

    def tainted(self, sequences: Iterable[int]) -> bool:
        """Whether one of them looks at what a process has read."""
        return any(_tainted(self._sequences[i]) for i in sequences)

    def _often_enough(self, number: int, sequence: CompiledSequence, steps: Counter[int]) -> bool:
        return all(
            sum(n for bits, n in steps.items() if bits >> bit & 1) >= step.count
            for bit, step in zip(self._bits[number], sequence.steps, strict=True)
            if not step.negated
        )

    def _labelled(self, paths: pa.Array) -> bool:
        return self._labeller is not None and bool(self._labeller.labels(paths).any())


def everything_of(program: Program) -> Rows:
    """All that any rule of a program may need; for a run whose facts are not known all at once."""
    selectors = {s for sequence in program.sequences for step in sequence.steps for s in step.rule.on}
    tainted = any(map(_tainted, program.sequences))
    operations = {o.name for o in schema.OPERATIONS if _speaks(selectors, o)} | set(TAINT if tainted else ())
    return Rows(frozenset(operations))


def rows_of(facts: pa.RecordBatch, wanted: Longs, *, tainted: bool) -> Rows:
    """The condition that holds for all facts in ``wanted``, as narrow as can be said by operation and path."""
    some = facts.take(pa.array(wanted))
    operations = set(TAINT if tainted else ())
    paths: dict[str, frozenset[str]] = {}
    for operation in some["operation"].unique().to_pylist():
        own = some.filter(pc.equal(some["operation"].cast(pa.string()), operation))
        named = own["path"].unique() if "path" in own.schema.names else pa.nulls(1)
        if named.null_count or len(named) > MOST_PATHS:
            operations.add(operation)
        elif operation not in operations:
            paths[operation] = frozenset(named.to_pylist())
    return Rows(frozenset(operations), {o: p for o, p in paths.items() if o not in operations})


def joined(parts: Iterable[Rows]) -> Rows:
    """What any of several asks for."""
    parts = list(parts)
    operations = frozenset().union(*(p.operations for p in parts))
    paths: dict[str, frozenset[str]] = {}
    for part in parts:
        for operation, some in part.paths.items():
            if operation not in operations:
                paths[operation] = paths.get(operation, frozenset()) | some
    many = {o for o, p in paths.items() if len(p) > MOST_PATHS}
    return Rows(operations | many, {o: p for o, p in paths.items() if o not in many})


def covered(table: pa.Table, rows: Rows) -> pa.Array:
    """Which facts the condition holds for: these are counted event by event, not here."""
    operation = table["operation"].combine_chunks()
    found = pc.is_in(operation, pa.array(sorted(rows.operations), pa.string()))
    for name, paths in rows.paths.items():
        own = pc.and_(pc.equal(operation, name), pc.is_in(table["path"].combine_chunks(), pa.array(sorted(paths))))
        found = pc.or_(found, own)
    return pc.fill_null(found, False)


def in_order(
    query: Query, looks: Looks, needs: Sequence[Need], window: Window
) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Each run with its events, in pages; the pages of a run must be used up before the next run is asked for."""
    for packed in _packed(sorted(needs, key=lambda n: n.run)):
        if len(packed) == 1:
            yield packed[0].run, _paged(query, looks, packed[0], window)
            continue
        table = query(ordered_sql(looks, _grouped(packed), window, None))
        runs = table["agent_run"].combine_chunks().to_numpy(zero_copy_only=False)
        edges = [0, *(np.flatnonzero(runs[1:] != runs[:-1]) + 1).tolist(), len(runs)] if len(runs) else [0]
        for begin, end in pairwise(edges):
            yield str(runs[begin]), iter([table.slice(begin, end - begin)])


def _packed(needs: Sequence[Need]) -> Iterator[list[Need]]:
    held: list[Need] = []
    for need in needs:
        if held and sum(n.events for n in held) + need.events > PAGE_ROWS:
            yield held
            held = []
        held.append(need)
    if held:
        yield held


def _grouped(needs: Sequence[Need]) -> list[tuple[list[str], Rows]]:
    """Runs with the same condition together."""
    groups: dict[int, tuple[list[str], Rows]] = {}
    for need in needs:
        groups.setdefault(id(need.rows), ([], need.rows))[0].append(need.run)
    return list(groups.values())


def _paged(query: Query, looks: Looks, need: Need, window: Window) -> Iterator[pa.Table]:
    """One run page by page; a page ends where the time changes, so that the next can begin there."""
    since, size = window, PAGE_ROWS
    while True:
        table = query(ordered_sql(looks, [([need.run], need.rows)], since, size))
        if table.num_rows < size:
            yield table
            return
        last = table["at_ns"][-1].as_py()
        begun = table.filter(pc.less(table["at_ns"], last))
        if begun.num_rows:
            yield begun
            since = Window(last, window.until)
        else:
            size *= 2


def _speaks(selectors: set[str], operation: schema.Operation) -> bool:
    intents = schema.INTENT_SELECTORS.values() if operation.name in OPENS else ()
    return not selectors.isdisjoint({*operation.selectors, *intents})


def _tainted(sequence: CompiledSequence) -> bool:
    return any(step.rule.match.taint for step in sequence.steps)


def _labels(labels: object, sequence: CompiledSequence) -> Iterator[Glob]:
    assert isinstance(labels, dict)
    for step in sequence.steps:
        for name in step.rule.match.taint:
            yield from labels[name]
