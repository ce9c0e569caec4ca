"""Loads the SQL files of this folder: what each answers, its columns, and the order that they need.

A file opens with a comment that is its metadata, and then holds one SELECT::

    -- title: Denials
    -- answers: What was stopped, or would have been?
    -- columns:
    --   time: when it happened
    --   rule: the rule that said no
    SELECT …

The file's name is the view's name. One source serves the reader, the documentation and the dashboard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VIEWS = Path(__file__).parent / "views"

_FIELD = re.compile(r"^--\s*(title|answers|columns):\s*(.*)$")
_COLUMN = re.compile(r"^--\s{2,}(\w+):\s+(\S.*)$")
_SOURCE = re.compile(r'\b(?:from|join)\s+"?(\w+)', re.IGNORECASE)
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


class CatalogError(Exception):
    """A query file is not as it should be; the text names it."""


@dataclass(frozen=True)
class Query:
    """One SQL file: ``columns`` maps each column of the result to its meaning, in order."""

    name: str
    title: str
    answers: str
    columns: Mapping[str, str]
    sql: str


def parse(name: str, text: str) -> Query:
    """A query from the text of its file. Raises ``CatalogError``."""
    fields: dict[str, str] = {}
    columns: dict[str, str] = {}
    lines = text.splitlines()
    head = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    for line in lines[:head]:
        if match := _FIELD.match(line):
            fields[match[1]] = match[2].strip()
        elif (match := _COLUMN.match(line)) and "columns" in fields:
            columns[match[1]] = match[2].strip()
        else:
            raise CatalogError(f"{name}.sql: cannot understand {line!r} in the leading comment")
    sql = "\n".join(lines[head:]).strip().removesuffix(";")
    if not (fields.get("title") and fields.get("answers") and columns and sql):
        raise CatalogError(f"{name}.sql: the leading comment needs title, answers and columns, and a SELECT follows it")
    return Query(name, fields["title"], fields["answers"], columns, sql)


def load(folder: Path = VIEWS) -> tuple[Query, ...]:
    """Every query of a folder, each after those that it reads from. Raises ``CatalogError``."""
    return ordered(parse(p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*.sql")))


def ordered(queries: Iterable[Query]) -> tuple[Query, ...]:
    """The same queries, each after those that it reads from. Raises ``CatalogError`` for a circle."""
    named = {q.name: q for q in queries}
    needs = {n: reads(q.sql) & named.keys() - {n} for n, q in named.items()}
    try:
        return tuple(named[n] for n in TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise CatalogError(f"views need each other in a circle: {' → '.join(error.args[1])}") from error


def reads(sql: str) -> set[str]:
    """Names behind FROM and JOIN, in small letters; text and comments do not count."""
    return {m.lower() for m in _SOURCE.findall(_COMMENT_OR_TEXT.sub(" ", sql))}


def views() -> dict[str, str]:
    """What ``Lake`` takes: the SELECT of each of Lictor's own views by name, in order."""
    return {q.name: q.sql for q in load()}
