"""What many questions read from, made once: tables in memory and views on it, instead of the same work in each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

import duckdb

from pipeline import schema

Relations = Callable[[datetime, datetime], Mapping[str, str]]
"""SELECTs by name for a time span, each after those that it needs; the first one is over activity."""

NUMBER = "row_number"
"""A column of activity that stands in for ``row_id``, where the rows are at hand by number."""

_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_WORD = re.compile(r"\w+")


def made_once(
    relations: Mapping[str, str], texts: Collection[str], tables: Collection[str] = (), *, numbered: bool = False
) -> Iterator[str]:
    """SQL that makes the relations that ``texts`` read from: ``tables`` of them as tables, the others as views.

    Worth a table is what is few among many rows, or dear to make, and read by many; each reading of a view pays for the
    columns that it uses. The first one has only columns that are asked for. ``numbered``: its ``row_id`` is the column
    ``NUMBER`` of activity.
    """
    first, *others = relations
    wanted = asked_for([*texts, *(relations[name] for name in others)])
    names = ", ".join(f"'{word}'" for word in sorted(wanted - {"row_id"} if numbered else wanted))
    columns = f"COLUMNS(lambda c: lower(c) IN ({names}))" + (f", {NUMBER} AS row_id" if numbered else "")
    yield f'CREATE {_kind(first, tables)} "{first}" AS SELECT {columns} FROM (\n{relations[first]}\n)'  # noqa: S608 - words of our own texts
    for name in others:
        yield f'CREATE {_kind(name, tables)} "{name}" AS {relations[name]}'


def columns_of(relations: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The columns of each relation in small letters; nothing where they cannot be made of activity as the schema has it."""
    try:
        with duckdb.connect(":memory:") as connection:
            connection.register("activity", schema.lake_schema("activity").empty_table())
            for name, sql in relations.items():
                connection.execute(f'CREATE VIEW "{name}" AS {sql}')
            found = {name: connection.execute(f'DESCRIBE "{name}"').fetchall() for name in relations}
    except duckdb.Error:
        return {}
    return {name.lower(): frozenset(row[0].lower() for row in rows) for name, rows in found.items()}


def asked_for(texts: Collection[str]) -> set[str]:
    """Every word of some SQL in small letters, leaving out texts and comments: all columns that it can mean are among them."""
    return {w.lower() for t in texts for w in _WORD.findall(_COMMENT_OR_TEXT.sub(" ", t))}


def _kind(name: str, tables: Collection[str]) -> str:
    return "TABLE" if name in tables else "VIEW"
