"""What a person's SQL can name: the lake's tables and the views over them, each column with its type and its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from pipeline import schema
from queries.catalog import SQL_TYPES, load

LOGS = {"runs": "run_log", "requests": "request_log"}
"""Tables with a row for each state: their own names are those of views that show the latest one."""


@dataclass(frozen=True)
class Relation:
    """One table or view. ``answers`` is what it is good for, ``columns`` maps each to its meaning, ``types`` to its type."""

    name: str
    answers: str
    columns: Mapping[str, str]
    types: Mapping[str, str]

    def rows(self) -> pa.Table:
        """Its columns as a table."""
        names = list(self.columns)
        return pa.table({
            "column": names, "type": [self.types.get(n, "") for n in names], "meaning": [self.columns[n] for n in names],
        })  # fmt: skip

    def first(self) -> str:
        """SQL to begin with: its newest rows."""
        time = next((n for n, t in self.types.items() if t == "TIMESTAMPTZ"), None)
        newest = f"\nWHERE {time} > now() - INTERVAL 1 DAY\nORDER BY {time} DESC" if time else ""
        return f"SELECT *\nFROM {self.name}{newest}\nLIMIT 100"


@lru_cache(maxsize=1)
def relations() -> Mapping[str, Relation]:
    """All of them by name: tables first, then views in alphabetical order."""
    tables = [_table(name) for name in schema.TABLES]
    views = [Relation(v.name, v.answers, v.columns, v.types) for v in load()]
    return {r.name: r for r in (*tables, *sorted(views, key=lambda v: v.name.lower()))}


def _table(name: str) -> Relation:
    columns = schema.TABLES[name]
    meanings = {c.name: c.meaning for c in columns}
    return Relation(LOGS.get(name, name), "Table of the lake", meanings, {c.name: SQL_TYPES[c.type] for c in columns})
