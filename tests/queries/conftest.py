"""Cases of the hunts, all in one database: each case is a host of its own, so that none is evidence in another one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import schema
from pipeline.lake.reader import Lake
from queries import catalog

CASES = Path(__file__).parent / "hunts" / "cases"
SAMPLES = Path(__file__).parents[2] / "sample-traces"
TABLES = {"runs": "run_log", "requests": "request_log"}


@dataclass(frozen=True)
class Case:
    """One file: its header, and rows by table with every column of the table."""

    header: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]

    @property
    def name(self) -> str:
        return f"{self.header['hunt']}.{self.header['case']}"


def read(path: Path) -> Case:
    header, *lines = map(json.loads, path.read_text("utf-8").splitlines())
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        table = line.pop("table", "activity")
        names = {c.name for c in schema.TABLES[table]}
        row = {k: v for k, v in {**header["common"], **line}.items() if k in names or k in line}
        assert row.keys() <= names, f"{path.name}: {table} has no {row.keys() - names}"
        row["host"] = f"{header['hunt']}.{header['case']}"
        if row.get("agent_run"):
            row["agent_run"] = f"{header['hunt']}.{row['agent_run']}"
        if table == "activity":
            row["time"] = datetime.fromtimestamp(row["time_ns"] // 1000 / 1e6, UTC)
        rows.setdefault(table, []).append({k: _moment(table, k, v) for k, v in row.items()})
    return Case(header, rows)


def _moment(table: str, name: str, value: Any) -> Any:
    is_time = isinstance(value, str) and schema.lake_type(table, name) == schema.TIME
    return datetime.fromisoformat(value) if is_time else value


def cases() -> dict[str, Case]:
    return {c.name: c for c in map(read, sorted(CASES.glob("*.jsonl")))}


def sample(name: str) -> pa.Table:
    """A sample trace as rows of a host of that name."""
    table = schema.conform(pq.read_table(SAMPLES / name / "trace.parquet"), "activity")
    host = pa.array([f"sample.{name}"] * table.num_rows)
    return table.set_column(table.schema.get_field_index("host"), schema.lake_schema("activity").field("host"), host)


def database(parts: dict[str, list[pa.Table]]) -> duckdb.DuckDBPyConnection:
    """The lake's tables under their SQL names, out of Arrow tables."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in schema.TABLES:
        rows = pa.concat_tables([schema.lake_schema(table).empty_table(), *parts.get(table, [])])
        connection.register(f"_{table}", rows)
        connection.execute(f"CREATE TABLE {TABLES.get(table, table)} AS FROM _{table}")
    counted = "true" if parts.get("activity_hours") else "false"
    connection.execute(f"CREATE VIEW activity_uncounted AS FROM activity WHERE NOT {counted}")
    return connection


class Kept:
    """A lake's tables in memory, with the views on them: asked without a caged process for each question."""

    def __init__(self, lake: Lake) -> None:
        found = lake.query_all({t: f"FROM {TABLES.get(t, t)}" for t in schema.TABLES})
        self._connection = database({t: [rows.cast(schema.lake_schema(t))] for t, rows in found.items()})
        for name, sql in catalog.views().items():
            self._connection.execute(f'CREATE VIEW "{name}" AS {sql}')

    def query(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()


@pytest.fixture(scope="session")
def hunt_cases() -> dict[str, Case]:
    return cases()


@pytest.fixture(scope="session")
def everything(hunt_cases) -> duckdb.DuckDBPyConnection:
    """All cases and the clean sample traces side by side."""
    parts: dict[str, list[pa.Table]] = {"activity": [sample("coding"), sample("build")]}
    for case in hunt_cases.values():
        for table, rows in case.rows.items():
            parts.setdefault(table, []).append(pa.Table.from_pylist(rows, schema=schema.lake_schema(table)))
    return database(parts)
