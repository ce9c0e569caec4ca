"""Rows of activity that tell a small story, and a lake that can be asked without a file."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from pipeline import schema
from pipeline.lake.errors import QueryError

T0 = 1_790_000_000_000_000  # µs; 2026-09-21


def activity(*rows):
    """Rows from mappings; ``at`` is seconds after T0 and gives time and time_ns, ``seq`` counts by itself."""
    full = []
    for number, row in enumerate(rows):
        at = row.pop("at", number)
        us = T0 + int(at * 1_000_000)
        full.append(
            {"time": us, "time_ns": us * 1000, "boot_id": "b", "source": "ebpf", "cpu": 0, "class": "process",
             "seq": us - T0, "host": "vm", "agent_run": "run", "outcome": "success"} | row
        )  # fmt: skip
    return pa.Table.from_pylist(full, schema.lake_schema("activity"))


class Past:
    """A lake of given tables, asked by DuckDB in this process."""

    def __init__(self, **tables):
        self.tables = {t: schema.lake_schema(t).empty_table() for t in schema.TABLES} | tables
        self.asked = []
        self.prepared = []

    def query_all(self, sqls, *, prepare=(), **_):
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in self.tables.items():
            connection.register(name, table)
        self.prepared.append(len(prepare))
        try:
            for statement in prepare:
                connection.execute(statement)
        except duckdb.Error as error:
            raise QueryError(str(error).splitlines()[0]) from None
        found = {}
        for name, sql in sqls.items():
            self.asked.append(sql)
            try:
                found[name] = connection.sql(sql).to_arrow_table()
            except duckdb.Error as error:
                found[name] = QueryError(str(error).splitlines()[0])
        return found


@pytest.fixture
def rows():
    return activity


@pytest.fixture
def past():
    return Past
