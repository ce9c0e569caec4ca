"""Loads the SQL files of this folder: what each answers, its columns, and the order that they need.

A file opens with a comment that is its metadata, and then holds one SELECT::

    -- title: Denials
    -- answers: What was stopped, or would have been?
    -- columns:
    --   time TIMESTAMPTZ: when it happened
    --   rule VARCHAR: the rule that said no
    SELECT …

The file's name is the view's name. One source serves the reader, the documentation and the dashboard.

A view of another product's table says so and names only the columns that it fills; their types, and the
other columns, which are NULL, come from ``schemas/`` (see ``foreign``)::

    -- schema: defender.DeviceFileEvents
    -- columns:
    --   Timestamp, DeviceName
    --   FolderPath: the file; of a rename, the new name
    SELECT …

A column without a meaning of its own has the one that ``schemas/`` gives for its name. ``-- table: activity`` says
that the view has all columns of that table of the lake (or of that view), and then its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline import schema
from queries import foreign

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VIEWS = Path(__file__).parent / "views"

SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}
"""DuckDB's names of the lake's types."""

_FIELD = re.compile(r"^-- ?(title|answers|schema|source|table|columns):\s*(.*)$")
_COLUMN = re.compile(r"^--\s{2,}(\w+)(?:\s+([A-Z]\w*(?:\[\])?))?:\s+(\S.*)$")
_COLUMNS = re.compile(r"^--\s{2,}(\w+(?:,\s*\w+)*),?$")
_SOURCE = re.compile(r'\b(?:from|join)\s+"?(\w+)', re.IGNORECASE)
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


class CatalogError(Exception):
    """A query file is not as it should be; the text names it."""


@dataclass(frozen=True)
class Query:
    """One SQL file.

    ``columns`` maps each column of the result to its meaning, in order; ``types`` to its SQL type, as far as the file
    says it. Of a view of another product's table (``schema``: product.table), ``unknown`` are the columns that are
    always NULL; their meaning is the reason. ``source``: where the shape was published.
    """

    name: str
    title: str
    answers: str
    columns: Mapping[str, str]
    sql: str
    types: Mapping[str, str] = field(default_factory=dict)
    schema: str = ""
    source: str = ""
    unknown: frozenset[str] = frozenset()


def parse(name: str, text: str) -> Query:
    """A query from the text of its file. Raises ``CatalogError``."""
    query = _read(name, text)
    if not query.schema:
        return query
    product, _, table = query.schema.partition(".")
    known = foreign.schema(product)
    try:
        columns = {c: query.columns[c] if c in query.columns else known.reason(c) for c in query.types}
    except KeyError as error:
        raise CatalogError(f"schemas/{product}.toml: nobody says why {error} of {table} is NULL") from None
    return replace(query, columns=columns, unknown=frozenset(columns.keys() - query.columns.keys()))


def _read(name: str, text: str) -> Query:
    """A query without the columns that it cannot fill: enough to ask it. Raises ``CatalogError``."""
    lines = text.splitlines()
    head = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    fields, columns, types = _metadata(name, lines[:head])
    if table := fields.get("table"):
        columns, types = _base(name, table, columns, types)
    sql = "\n".join(lines[head:]).strip().removesuffix(";")
    if not (fields.get("title") and fields.get("answers") and columns and sql):
        raise CatalogError(f"{name}.sql: the leading comment needs title, answers and columns, and a SELECT follows it")
    source = fields.get("source", "")
    query = Query(name, fields["title"], fields["answers"], columns, sql, types, fields.get("schema", ""), source)
    if query.schema:
        return _completed(query)
    silent = [column for column, meaning in columns.items() if not meaning]
    if silent:
        raise CatalogError(f"{name}.sql: what does column {silent[0]} mean? its line needs a colon and the meaning")
    return query


def _metadata(name: str, lines: Iterable[str]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Fields, meaning of each column (empty where the line gives none), and type of each that has one."""
    fields: dict[str, str] = {}
    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    for line in lines:
        if match := _FIELD.match(line):
            fields[match[1]] = match[2].strip()
        elif (match := _COLUMN.match(line)) and "columns" in fields:
            columns[match[1]] = match[3].strip()
            if match[2]:
                types[match[1]] = match[2]
        elif (match := _COLUMNS.match(line)) and "columns" in fields:
            columns |= dict.fromkeys(re.split(r",\s*", match[1]), "")
        else:
            raise CatalogError(f"{name}.sql: cannot understand {line!r} in the leading comment")
    return fields, columns, types


def _base(
    name: str, table: str, columns: dict[str, str], types: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The columns of a table of the lake or of another view, and then those of a view that adds to it."""
    if table in schema.TABLES:
        base = schema.TABLES[table]
        return {c.name: c.meaning for c in base} | columns, {c.name: SQL_TYPES[c.type] for c in base} | types
    try:
        view = _read(table, (VIEWS / f"{table}.sql").read_text("utf-8"))
    except OSError:
        raise CatalogError(f"{name}.sql: there is neither a table nor a view {table}") from None
    return {**view.columns, **columns}, {**view.types, **types}


def _completed(query: Query) -> Query:
    """The same view with all types and columns of the other product's table in its SELECT."""
    product, _, table = query.schema.partition(".")
    try:
        known = foreign.schema(product)
        types = known.tables[table]
    except OSError:
        raise CatalogError(f"{query.name}.sql: there is no file schemas/{product}.toml for its schema") from None
    except KeyError as error:
        raise CatalogError(f"{query.name}.sql: schemas/{product}.toml does not know {error}") from None
    except ValueError as error:
        raise CatalogError(f"schemas/{product}.toml: {error}") from None
    columns = {c: meaning or known.meanings.get(c, "") for c, meaning in query.columns.items()}
    stray = [c for c, meaning in columns.items() if c not in types or not meaning]
    if stray:
        raise CatalogError(
            f"{query.name}.sql: column {stray[0]} is not in {query.schema}, or nobody says what it means"
        )
    sql = foreign.completed(types, columns, query.sql)
    return replace(query, columns=columns, types=types, sql=sql, source=query.source or known.source)


def load(folder: Path = VIEWS) -> tuple[Query, ...]:
    """Every query of a folder, each after those that it reads from. Raises ``CatalogError``."""
    return ordered(parse(p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*.sql")))


def ordered(queries: Iterable[Query]) -> tuple[Query, ...]:
    """The same queries, each after those that it reads from. Raises ``CatalogError`` for a circle."""
    named = {q.name.lower(): q for q in queries}  # SQL names do not tell case apart
    needs = {n: reads(q.sql) & named.keys() - {n} for n, q in named.items()}
    try:
        return tuple(named[n] for n in TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise CatalogError(f"views need each other in a circle: {' → '.join(error.args[1])}") from error


def reads(sql: str) -> set[str]:
    """Names behind FROM and JOIN, in small letters; text and comments do not count."""
    return {m.lower() for m in _SOURCE.findall(_COMMENT_OR_TEXT.sub(" ", sql))}


def views() -> dict[str, str]:
    """What ``Lake`` takes: the SELECT of each view by name, in order."""
    return {q.name: q.sql for q in ordered(_read(p.stem, p.read_text("utf-8")) for p in sorted(VIEWS.glob("*.sql")))}
