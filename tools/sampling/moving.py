"""A recorded session moved to another run: other times, another host, user, agent, and processes of its own.

What was done stays as it was recorded; what another policy said about it is taken off, and the policy of the new run says its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import schema
from tools.sampling.plan import Run

TRACES = Path(__file__).resolve().parents[2] / "sample-traces"
RECORDED = "/tmp/lictor-sample"  # noqa: S108 - where the samples were recorded
JUDGED = tuple(c.name for c in schema.ACTIVITY if c.group == "judged")
_KEYS = ("process_key", "parent_key", "child_key")
_MARKING = ("codex", "scripted")
_PIDS = ("pid", "tid", "child_pid")
_NS = 1_000_000_000


def recorded(sample: str) -> pa.Table:
    """Rows of a recorded session in the order of time, with every column of ``activity``."""
    return schema.conform(pq.read_table(TRACES / sample / "trace.parquet"), "activity").sort_by("time_ns")


def moved(rows: pa.Table, run: Run) -> pa.Table:
    """The same rows as those of another run, not judged."""
    columns: dict[str, Any] = {name: rows.column(name).combine_chunks() for name in rows.schema.names}
    times = columns["time_ns"].to_numpy()
    columns |= when(run, (times - times[0]) * run.stretch)
    for name in _KEYS:
        columns[name] = _other_keys(columns[name], salt(run))
    for name in _PIDS:
        columns[name] = pc.if_else(pc.greater(columns[name], 1), pc.add(columns[name], 40 * run.number), columns[name])
    for name, column in columns.items():
        if pa.types.is_string(column.type):
            columns[name] = _elsewhere(column, run)
    if run.agent not in _MARKING:  # its tool calls are known from its hooks; Codex's marks would belie it
        columns["marks"] = pa.nulls(rows.num_rows, pa.string())
    columns |= {name: pa.repeat(pa.scalar(value, pa.string()), rows.num_rows) for name, value in who(run).items()}
    columns["uid"] = pa.repeat(pa.scalar(run.uid, pa.int64()), rows.num_rows)
    columns |= {name: pa.nulls(rows.num_rows, schema.lake_type("activity", name)) for name in JUDGED}
    return pa.Table.from_arrays([columns[n] for n in rows.schema.names], schema=rows.schema)


def when(run: Run, since_begin: Any) -> dict[str, Any]:
    """The columns of time for nanoseconds since the begin of a run."""
    begins = round(run.begins.timestamp() * 1e6) * 1000
    time_ns = np.asarray(since_begin, np.int64) + begins
    boot = round(run.boot.since.timestamp()) * _NS
    return {
        "time": pa.array(time_ns // 1000).cast(schema.TIME), "time_ns": pa.array(time_ns),
        "boottime_ns": pa.array(time_ns - boot),
    }  # fmt: skip


def who(run: Run) -> dict[str, str | None]:
    """The columns that name a run, its agent and its host."""
    return {
        "host": run.host.name, "boot_id": run.boot.id, "agent": run.agent, "agent_version": run.version or None,
        "agent_run": run.id, "user": run.user,
    }  # fmt: skip


def salt(run: Run) -> int:
    """What keys of processes are folded with, so that each run has its own."""
    return int.from_bytes(run.id[-8:].encode(), "big") & (2**62 - 1)


def _other_keys(column: pa.Array, number: int) -> pa.Array:
    return pc.if_else(pc.not_equal(column, 0), pc.bit_wise_xor(column, pa.scalar(number, pa.int64())), column)


def _elsewhere(column: pa.Array, run: Run) -> pa.Array:
    coded = column.dictionary_encode()
    texts = pc.replace_substring(coded.dictionary, f"{RECORDED}/workspace", run.workspace)
    texts = pc.replace_substring(texts, f"{RECORDED}/home", run.home)
    texts = pc.replace_substring_regex(texts, r"\b(thread|call)_", rf"\1_{run.number:03d}_")
    return pc.replace_substring(texts, RECORDED, f"{run.home}/.local/share/agent").take(coded.indices)
