"""A detection in SQL: what it says for a span of time, and how its rows become hits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from pipeline.detect.interface import HITS, Detection

TIMEOUT_S = 120.0
"""For all questions of a pass together; what comes later is told and left out."""


@dataclass(frozen=True)
class Question:
    """One detection in SQL.

    ``sql`` gives the text for a time span (since, until); its rows have ``time``, ``host``, ``agent_run`` and
    ``evidence`` (list of ``ROW_ID``). ``bare`` gives the same where the relations that it reads from are there already.
    ``others``: tables besides activity whose rows can complete a match; since those are not in the evidence, such
    matches are not narrowed to new rows, and whoever keeps findings knows them by their id.
    """

    detection: Detection
    sql: Callable[[datetime, datetime], str]
    lookback: timedelta
    others: frozenset[str] = frozenset()
    bare: Callable[[datetime, datetime], str] | None = None


def columns_of_hits(sql: str) -> str:
    """A question's text, its result narrowed to what a hit has."""
    return f"SELECT time, host, agent_run, evidence FROM (\n{sql}\n)"  # noqa: S608 - the question's own text


def hits_of(detection: Detection, found: pa.Table) -> pa.Table:
    """Rows of a question as hits."""
    if not found.num_rows:
        return HITS.empty_table()
    name = pa.array([detection.id] * found.num_rows, pa.string())
    return pa.table([name, *(found[f.name].cast(f.type) for f in list(HITS)[1:])], schema=HITS)


def locked_down() -> duckdb.DuckDBPyConnection:
    """A database in memory that sees what is registered and nothing else."""
    connection = duckdb.connect(":memory:", config={"python_enable_replacements": "false", "temp_directory": ""})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
