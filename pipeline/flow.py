"""The way of one event, in one sitting.

A batch of the activity schema comes from a collector and passes the steps in order:
attributed (which tool call), judged (what the policy says), acted on (what is done about
it, by a callable that is handed in: the pipeline knows no enforcer), and kept. Every step
is a plain callable over a batch; a step that concerns one run only is applied to the rows
of that run. What a step raises ends the run: nothing is skipped in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema

Step = Callable[[pa.RecordBatch], pa.RecordBatch]
Act = Callable[[pa.RecordBatch], tuple[pa.RecordBatch, pa.RecordBatch | None]]
Sink = Callable[[str, pa.RecordBatch | pa.Table], None]

PROCESS_COLUMNS = tuple(c.name for c in schema.PROCESSES)


class Flow:
    """Steps, act and sink in a row."""

    def __init__(self, steps: Sequence[Step], act: Act, sink: Sink) -> None:
        self._steps = tuple(steps)
        self._act = act
        self._sink = sink

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Send one batch its way; the batch as it was kept."""
        for step in self._steps:
            batch = step(batch)
        batch, actions = self._act(batch)
        self._sink("activity", batch)
        programs = started_programs(batch)
        if programs is not None:
            self._sink("processes", programs)
        if actions is not None and actions.num_rows:
            self._sink("actions", actions)
        return batch


def started_programs(batch: pa.RecordBatch) -> pa.RecordBatch | None:
    """Rows of ``processes`` for the execs of a batch that worked; ``None`` without any."""
    operations = pc.equal(batch.column("operation").cast(pa.string()), "exec")
    execs = batch.filter(pc.and_(operations, pc.equal(batch.column("errno"), 0)))
    if not execs.num_rows:
        return None
    return schema.batch("processes", {n: execs.column(n) for n in PROCESS_COLUMNS if n in execs.schema.names})


class PerRun:
    """One step per run: rows of a run go through its own step, rows of no known run pass as they are."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        """``steps`` may grow and shrink while batches pass."""
        self._steps = steps

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with every row stepped; the order of rows stays."""
        if "agent_run" not in batch.schema.names:
            return batch
        runs = batch.column("agent_run")
        present = [r for r in runs.unique().to_pylist() if r is not None]
        if not present:
            return batch
        if len(present) == 1 and runs.null_count == 0:
            step = self._steps.get(present[0])
            return step(batch) if step else batch
        return self._split(batch, runs, present)

    def _split(self, batch: pa.RecordBatch, runs: pa.Array, present: Sequence[str]) -> pa.RecordBatch:
        text = runs.cast(pa.string())
        parts, places = [], []
        for run in [*present, None]:
            own = pc.is_null(text) if run is None else pc.fill_null(pc.equal(text, run), False)
            rows = pc.indices_nonzero(own)
            if len(rows):
                part = batch.take(rows)
                step = self._steps.get(run) if run else None
                parts.append(step(part) if step else part)
                places.append(rows)
        table = pa.concat_tables([schema.conform(p, "activity") for p in parts])
        order = pc.sort_indices(pa.concat_arrays(places))
        return _sparse(table.take(order))


def _sparse(table: pa.Table) -> pa.RecordBatch:
    """Back to the pipeline's form: no empty columns, text as dictionaries."""
    columns = {}
    for name in table.schema.names:
        column = table.column(name).combine_chunks()
        if column.null_count < len(column):
            columns[name] = column.dictionary_encode() if pa.types.is_string(column.type) else column
    return schema.batch("activity", columns)
