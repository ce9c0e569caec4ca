"""Other products' tables, so that a view of one has all of its columns: names, order and types, what Lictor fills, why the rest is NULL.

A product is a file of ``schemas/``. Names and types stand there once, as published; a view's SELECT
computes only the columns that Lictor knows, and ``completed`` makes the whole table of it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SCHEMAS = Path(__file__).parent / "schemas"

SQL_TYPES = {
    "string": "VARCHAR", "datetime": "TIMESTAMPTZ", "long": "BIGINT", "int": "INTEGER",
    "bool": "BOOLEAN", "real": "DOUBLE", "dynamic": "JSON", "guid": "VARCHAR",
}  # fmt: skip
"""DuckDB's name of each KQL type; a GUID is text, since not everything that takes rows in has a type for it."""


@dataclass(frozen=True)
class Foreign:
    """One product's tables.

    ``tables``: SQL type of each column by table, in the published order. ``meanings``: what Lictor
    fills columns of a name with. ``unknown``: pattern of names to the reason why a column is NULL.
    """

    name: str
    title: str
    source: str
    tables: Mapping[str, Mapping[str, str]]
    meanings: Mapping[str, str]
    unknown: Mapping[str, str]

    def reason(self, column: str) -> str:
        """Why a column is NULL. Raises ``KeyError`` where no pattern fits."""
        for pattern, reason in self.unknown.items():
            if fnmatchcase(column, pattern):
                return reason
        raise KeyError(column)


@cache
def schema(name: str) -> Foreign:
    """The product of a file. Raises ``OSError`` and ``ValueError``."""
    read = tomllib.loads((SCHEMAS / f"{name}.toml").read_text("utf-8"))
    tables = {table: columns(text) for table, text in read["tables"].items()}
    return Foreign(name, read["title"], read["source"], tables, read["meanings"], read["unknown"])


def columns(text: str) -> dict[str, str]:
    """SQL type of each column from ``Name`` (a string) and ``Name:type``. Raises ``KeyError`` for an unknown type."""
    pairs = (word.partition(":") for word in text.split())
    return {name: SQL_TYPES[kind or "string"] for name, _, kind in pairs}


def completed(types: Mapping[str, str], known: Collection[str], sql: str) -> str:
    """A SELECT of every column in order and with its type, from one that gives the ``known`` ones by name."""
    parts = [f"CAST({_named(c) if c in known else 'NULL'} AS {t}) AS {_named(c)}" for c, t in types.items()]
    return f"SELECT {', '.join(parts)} FROM (\n{sql}\n)"  # noqa: S608  # names and types are those of a file of this folder


def _named(column: str) -> str:
    return f'"{column}"'
