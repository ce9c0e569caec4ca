"""Rows of runs out of the rows of a whole machine, and those that say that a process began."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.arguments import split
from collectors.etw.lineage import Lineage
from collectors.interface import Candidate, Run
from pipeline import schema
from pipeline.coded import coded

EVIDENCE = "inherited tag"

Longs = npt.NDArray[np.int64]


def starts(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows that say that a process began, which is one that is known."""
    began = pc.and_(_is(rows, "operation", "exec"), pc.is_valid(_column(rows, "process_key")))
    return rows.filter(began)


def lineage_of(rows: pa.RecordBatch) -> tuple[Longs, Longs]:
    """Process and creator of each row that names both."""
    if "parent_key" not in rows.schema.names:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    rows = rows.filter(pc.is_valid(rows.column("parent_key")))
    return keys(rows, "process_key"), keys(rows, "parent_key")


def keys(rows: pa.RecordBatch, name: str) -> Longs:
    """A column of keys; 0 for NULL."""
    found: Longs = pc.fill_null(_column(rows, name), 0).to_numpy(zero_copy_only=False)
    return found


def members(rows: pa.RecordBatch, lineage: Lineage, runs: Mapping[int, Run]) -> pa.RecordBatch:
    """The rows of processes of runs, with the run; the others are left out."""
    number = lineage.of(keys(rows, "process_key"))
    mine = np.isin(number, list(runs))
    rows, number = rows.filter(pa.array(mine)), number[mine]
    order = sorted(runs)
    place = np.searchsorted(order, number)
    columns = dict(zip(rows.schema.names, rows.columns, strict=True))
    columns["agent_run"] = _coded([runs[n].id for n in order], place)
    columns["agent"] = _coded([runs[n].agent for n in order], place)
    columns["initiator"], columns["initiator_evidence"] = (
        _coded([text], np.zeros(len(number), np.int64)) for text in ("agent", EVIDENCE)
    )
    return schema.batch("activity", columns)


def others(rows: pa.RecordBatch, lineage: Lineage) -> pa.RecordBatch:
    """The rows of processes that belong to no run."""
    return rows.filter(pa.array(lineage.of(keys(rows, "process_key")) == 0))


def candidates(began: pa.RecordBatch) -> list[Candidate]:
    """Processes that began, as programs that may be agents."""
    columns = (_column(began, name).to_pylist() for name in ("pid", "process_key", "exe", "cmdline"))
    return [Candidate(pid, key, exe or "", split(line or "")) for pid, key, exe, line in zip(*columns, strict=True)]


def _is(rows: pa.RecordBatch, name: str, value: str) -> pa.Array:
    return pc.fill_null(pc.equal(_column(rows, name).cast(pa.string()), value), False)


def _column(rows: pa.RecordBatch, name: str) -> pa.Array:
    """A column; all NULL where a sparse batch leaves it out."""
    return (
        rows.column(name) if name in rows.schema.names else pa.nulls(rows.num_rows, schema.lake_type("activity", name))
    )


def _coded(texts: list[str | None], place: Longs) -> pa.DictionaryArray:
    """``texts[place]``; ``None`` becomes NULL."""
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    codes = np.array([-1 if text is None else distinct.index(text) for text in texts], np.int32)
    return coded(codes[place] if len(codes) else np.zeros(0, np.int32), pa.array(distinct, pa.string()))
