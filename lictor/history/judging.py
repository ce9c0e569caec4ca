"""History judged again by one or two sets of policies, each in the context of every run: facts in, sums out."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lictor.errors import LictorError
from lictor.history import chunks, order
from lictor.history.asked import Asked, Book, InOrder, Parts, batch_of, encoded_column
from lictor.history.asking import ORDERED, Looks, Window, looks_of
from lictor.history.order import Need, Possible
from lictor.history.sums import Sum, Sums, Worth
from pipeline import schema
from pipeline.policy.compile import Program, compile_policies
from pipeline.policy.context import RunContext, in_scope
from pipeline.policy.source import PolicyError

if TYPE_CHECKING:
    from lictor.history.asking import Rows
    from lictor.history.runs import Query, Run
    from pipeline.policy.model import Policy
    from pipeline.policy.sequences.plan import Longs

KEPT_PROGRAMS = 64
"""Programs whose memory of paths is kept; the same run folder comes again and again, but not all of them for ever."""


@dataclass
class Judged:
    """What came of it: sums, policies that do not apply to a run, runs that were read in order, what was forgotten."""

    sums: list[Sum]
    out_of_scope: dict[str, tuple[str, ...]] = field(default_factory=dict)
    in_order: tuple[str, ...] = ()
    forgotten: int = 0


class Judging:
    """Judges runs by each side's policies."""

    def __init__(self, query: Query, sides: Sequence[Sequence[Policy]], window: Window, worth: Worth) -> None:
        """``worth`` decides which sums are kept beside the events of each run."""
        self._query = query
        self._sides = tuple(tuple(side) for side in sides)
        self._window = window
        self._looks = looks_of(self._sides)
        self._book = Book()
        self._sums = Sums(self._book, worth)
        self._programs: dict[tuple[object, ...], Program] = {}
        self._asked: OrderedDict[int, tuple[Asked, Possible]] = OrderedDict()
        self._of_run: dict[str, tuple[Program, ...]] = {}
        self._needs: list[Need] = []
        self._forgotten = 0

    def run(self, runs: Mapping[str, Run]) -> Judged:
        """Judge some runs; raises ``PolicyError`` before anything is asked, and ``LakeError``."""
        self._of_run = {run.id: self._programs_of(run.context) for run in runs.values()}
        plan = chunks.planned(list(runs.values()), self._window)
        split: dict[str, Need] = {}
        for chunk, table in chunks.facts(self._query, self._looks, plan):
            self._take(table, split if not chunk.whole else None)
        needs = [*self._needs, *split.values()]
        for run, pages in order.in_order(self._query, self._looks, needs, self._window):
            self._replay(self._of_run[run], pages)
        scopes = {run: tuple(n for p in programs for n in p.out_of_scope) for run, programs in self._of_run.items()}
        return Judged(
            self._sums.sums(), {run: names for run, names in scopes.items() if names},
            tuple(sorted(n.run for n in needs)), self._forgotten,
        )  # fmt: skip

    def _programs_of(self, context: RunContext) -> tuple[Program, ...]:
        """Each side's program for a run; runs of one folder and home share them."""
        return tuple(self._program(side, context) for side in range(len(self._sides)))

    def _program(self, side: int, context: RunContext) -> Program:
        policies = self._sides[side]
        key = (side, context.workspace, context.home, *(in_scope(p, context) for p in policies))
        if key not in self._programs:
            self._programs[key] = _compiled(policies, context)
        return self._programs[key]

    def _ask(self, program: Program) -> tuple[Asked, Possible]:
        key = id(program)
        if key not in self._asked:
            self._asked[key] = Asked(program, self._book), Possible(program)
        self._asked.move_to_end(key)
        if len(self._asked) > KEPT_PROGRAMS:
            self._asked.popitem(last=False)
        return self._asked[key]

    def _take(self, table: pa.Table, split: dict[str, Need] | None) -> None:
        """Judge facts; ``split`` collects the needs of a run whose facts come in several answers."""
        facts = batch_of(table, self._looks)
        parts, said = Parts(facts), [np.zeros(table.num_rows, np.int64) for _ in self._sides]
        wants: list[tuple[str, list[Rows]]] = []
        for programs, rows in self._by_program(table):
            part = parts.of(rows)
            steps = []
            for i, program in enumerate(programs):
                known = table[f"known_{i}"].combine_chunks().take(pa.array(rows))
                numbers, bits, which = self._ask(program)[0].ask(part, known)
                said[i][rows] = numbers
                steps.append((bits, which))
            if any(p.sequences for p in programs):
                wants += self._wanted(programs, table, part, rows, steps, split is not None)
        self._sum(table, said, wants, split)

    def _sum(
        self, table: pa.Table, said: list[Longs], wants: list[tuple[str, list[Rows]]], split: dict[str, Need] | None
    ) -> None:
        """Add what needs no order, and remember what does."""
        if wants:
            rows = order.joined(r for _, parts in wants for r in parts)
            runs = pc.is_in(table["agent_run"].combine_chunks(), pa.array([run for run, _ in wants], pa.string()))
            later = pc.and_(runs, order.covered(table, rows))
            counts = table.filter(later).group_by("agent_run").aggregate([("events", "sum")]).to_pydict()
            sizes = dict(zip(counts["agent_run"], counts["events_sum"], strict=True))
            for run, _ in wants:
                if split is None:
                    self._needs.append(Need(run, rows, sizes.get(run, 0)))
                else:
                    split[run] = Need(run, rows, sizes.get(run, 0) + (split[run].events if run in split else 0))
            now = np.flatnonzero(~later.to_numpy(zero_copy_only=False))
            table, said = table.take(pa.array(now)), [s[now] for s in said]
        self._sums.add(table, said)

    def _wanted(
        self, programs: tuple[Program, ...], table: pa.Table, part: pa.RecordBatch, rows: Longs,
        steps: list[tuple[list[int], Longs]], split: bool,
    ) -> Iterator[tuple[str, list[Rows]]]:  # fmt: skip
        """Runs that could complete a rule with a memory, and the events that this needs."""
        names = part["agent_run"].dictionary
        if split:
            yield names[part["agent_run"].indices[0].as_py()].as_py(), [order.everything_of(p) for p in programs]
            return
        codes, events = part["agent_run"].indices.to_numpy(), table["events"].to_numpy()[rows]
        by_run = np.argsort(codes, kind="stable")
        edges = np.flatnonzero(np.r_[True, codes[by_run][1:] != codes[by_run][:-1], True])
        for begin, end in pairwise(edges):
            own = by_run[begin:end]
            needed = [r for i, p in enumerate(programs) if (r := self._rows(p, part, own, events[own], *steps[i]))]
            if needed:
                yield names[int(codes[own[0]])].as_py(), needed

    def _rows(
        self, program: Program, part: pa.RecordBatch, own: Longs, events: Longs, bits: list[int], which: Longs
    ) -> Rows | None:
        counted: Counter[int] = Counter()
        totals = np.bincount(which[own], events, len(bits))
        for answer, total in zip(bits, totals.tolist(), strict=True):
            if answer and total:
                counted[answer] += int(total)
        if not counted:
            return None
        possible = self._ask(program)[1]
        paths = part["path"].take(pa.array(own)) if "path" in part.schema.names else pa.nulls(0, pa.string())
        sequences = possible.in_run(counted, paths)
        if not sequences:
            return None
        wanted = possible.steps_of(sequences)
        matching = np.array([bool(answer & wanted) for answer in bits])
        return order.rows_of(part, own[matching.take(which[own])], tainted=possible.tainted(sequences))

    def _replay(self, programs: tuple[Program, ...], pages: Iterator[pa.Table]) -> None:
        """The events of one run through judge and memory of each side."""
        steps = [self._ask(program)[0].in_order() for program in programs]
        for page in pages:
            said = [
                self._ask(program)[0].numbers(_stepped(step, page, i, self._looks))
                for i, (program, step) in enumerate(zip(programs, steps, strict=True))
            ]
            ones = pa.array(np.ones(page.num_rows, np.int64))
            counted = page.append_column("events", ones).append_column("first", page["at_ns"])
            for name in ("went", "stopped"):
                place = counted.schema.get_field_index(name)
                counted = counted.set_column(place, name, counted[name].cast(pa.int64()))
            self._sums.add(counted, said)
        self._forgotten += sum(step.lost for step in steps)

    def _by_program(self, table: pa.Table) -> Iterator[tuple[tuple[Program, ...], Longs]]:
        """Rows of the table by the programs of their runs."""
        runs = table["agent_run"].combine_chunks().dictionary_encode()
        groups: dict[tuple[int, ...], tuple[int, tuple[Program, ...]]] = {}
        numbers = []
        for run in runs.dictionary.to_pylist():
            programs = self._of_run[run]
            numbers.append(groups.setdefault(tuple(map(id, programs)), (len(groups), programs))[0])
        of_row = np.array(numbers, np.int64).take(runs.indices.to_numpy())
        by_group = np.argsort(of_row, kind="stable")
        edges = np.searchsorted(of_row[by_group], np.arange(len(groups) + 1))
        for number, (_, programs) in enumerate(groups.values()):
            yield programs, by_group[edges[number] : edges[number + 1]]


def _compiled(policies: Sequence[Policy], context: RunContext) -> Program:
    try:
        return compile_policies(
            policies, context, mode="audit"
        )  # verdicts are the same, and nothing has to be stoppable
    except PolicyError as error:
        if "has no value here" not in str(error):
            raise
        raise LictorError(f"{error}\nhistory does not record the environment of runs: give --env NAME=VALUE") from None


_RECORDED = {
    "verdict": "was",
    "rule": "rule",
    "policy": "policy",
    "policy_version": "policy_version",
    "severity": "severity",
}


def _stepped(step: InOrder, page: pa.Table, side: int, looks: Looks) -> pa.RecordBatch:
    """A page through one side's judge and memory; a verdict of then counts where this side's own policies said it."""
    known, nothing = page[f"known_{side}"].combine_chunks(), pa.scalar(None, pa.string())
    names = ("agent_run", "operation", *(c for c in looks.columns if c not in ("ip", "port")), *ORDERED)
    columns = {name: encoded_column(name, page[name]) for name in names}
    for name, source in _RECORDED.items():
        columns[name] = pc.if_else(known, page[source].combine_chunks(), nothing).dictionary_encode()
    return step(schema.batch("activity", {n: c for n, c in columns.items() if c.null_count < len(c)}))
