"""Loads the questions of the dashboard's pages: one SQL file each in ``queries/pages``, with its parameters on top.

A file opens with a comment that is its metadata, and then holds one SELECT over the lake's tables and views::

    -- title: Denials by hour
    -- answers: When was how much denied?
    -- parameters:
    --   agents: texts = : only these agents; empty is all
    -- columns:
    --   hour TIMESTAMPTZ: begin of the hour
    --   denials BIGINT: rows with deny or stronger
    SELECT …, WHERE time >= $since AND time < $until AND (len($agents) = 0 OR list_contains($agents, agent))

``-- table: activity`` in the place of columns says that it has all columns of that table of the lake. ``@name`` stands for the text of
``queries/pages/shared/name.sql``: what several questions must say alike.

Every question may use ``$since`` and ``$until``. Values are read by their type and written anew as literals
(``parameters``), so that nothing a person writes into a filter, or an address holds, becomes SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipeline import schema
from queries.catalog import SQL_TYPES, CatalogError
from queries.parameters import TYPES, Parameter, ParameterError

PAGES = Path(__file__).parent / "pages"
SHARED = PAGES / "shared"

SPAN: tuple[Parameter, ...] = (
    Parameter("since", "time", "-infinity", "only what happened at this time or later"),
    Parameter("until", "time", "infinity", "only what happened before this time"),
)
"""Parameters that every question may use."""

_FIELD = re.compile(r"^-- (title|answers|table):\s*(.*)$")
_SECTION = re.compile(r"^-- (parameters|columns):$")
_PARAMETER = re.compile(r"^--   (\w+): (\w+) = (.*?): (\S.*)$")
_COLUMN = re.compile(r"^--   (\w+) ([A-Z]\w*(?:\[\])?): (\S.*)$")
_PIECE = re.compile(r"--[^\n]*|'(?:[^']|'')*'|@(\w+)")
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\$(\w+)")


@dataclass(frozen=True)
class Page:
    """One question: ``columns`` maps each column to its meaning, ``types`` to its SQL type."""

    name: str
    title: str
    answers: str
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    types: Mapping[str, str]
    sql: str


def parse(name: str, text: str) -> Page:
    """A question from the text of its file. Raises ``CatalogError``."""
    lines = text.splitlines()
    head = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    section = ""
    for line in lines[:head]:
        if match := _FIELD.match(line):
            fields[match[1]], section = match[2].strip(), ""
        elif match := _SECTION.match(line):
            section = match[1]
        elif section == "parameters" and (match := _PARAMETER.match(line)):
            parameters.append(Parameter(match[1], match[2], match[3].strip(), match[4].strip()))
        elif section == "columns" and (match := _COLUMN.match(line)):
            columns[match[1]], types[match[1]] = match[3].strip(), match[2]
        else:
            raise CatalogError(f"{name}.sql: cannot understand {line!r} in the leading comment")
    if "table" in fields:
        columns, types = _whole(name, fields["table"])
    sql = _whole_text(name, "\n".join(lines[head:]).strip().removesuffix(";"))
    page = Page(name, fields.get("title", ""), fields.get("answers", ""), tuple(parameters), columns, types, sql)
    _check(page)
    return page


def _whole_text(name: str, sql: str) -> str:
    """SQL with its shared pieces in it, which may have some of their own. Raises ``CatalogError`` for one that is not there."""

    def piece(found: re.Match[str]) -> str:
        return _whole_text(name, shared(found[1], name)) if found[1] else found[0]

    return _PIECE.sub(piece, sql)


@lru_cache
def shared(piece: str, name: str = "") -> str:
    """Text of a shared piece, without the comment on top. Raises ``CatalogError``; ``name`` is the question that wants it."""
    try:
        lines = (SHARED / f"{piece}.sql").read_text("utf-8").splitlines()
    except OSError:
        raise CatalogError(f"{name}.sql: no piece {piece!r} in queries/pages/shared") from None
    return "\n".join(line for line in lines if not line.startswith("--"))


def load(folder: Path = PAGES) -> tuple[Page, ...]:
    """Every question of a folder, by name. Raises ``CatalogError``."""
    return tuple(parse(p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*.sql")))


@lru_cache(maxsize=1)
def pages() -> Mapping[str, Page]:
    """The dashboard's questions by name."""
    return {p.name: p for p in load()}


def bound(name: str, values: Mapping[str, Any]) -> str:
    """SQL that can be run as it stands, with ``values`` for some parameters and defaults for the others.

    Raises ``CatalogError`` for an unknown question or parameter, ``ParameterError`` for a value that does not fit.
    """
    try:
        page = pages()[name]
    except KeyError:
        raise CatalogError(f"no question {name!r} in queries/pages") from None
    known = {p.name: p for p in (*SPAN, *page.parameters)}
    if stray := values.keys() - known.keys():
        raise CatalogError(f"{name}: no parameter {min(stray)!r}; it has {', '.join(known)}")
    literals = {n: _literal(p, values.get(n, p.default)) for n, p in known.items()}
    return _TOKEN.sub(lambda m: literals[m[1]] if m[1] else m[0], page.sql)


def _whole(name: str, table: str) -> tuple[dict[str, str], dict[str, str]]:
    """Meaning and type of each column of a table of the lake. Raises ``CatalogError``."""
    try:
        known = schema.TABLES[table]
    except KeyError:
        raise CatalogError(f"{name}.sql: the lake has no table {table!r}") from None
    return {c.name: c.meaning for c in known}, {c.name: SQL_TYPES[c.type] for c in known}


def _literal(parameter: Parameter, value: Any) -> str:
    try:
        return parameter.literal(value)
    except ParameterError as error:
        raise ParameterError(f"{parameter.name}: {error}") from None


def _check(page: Page) -> None:
    if not (page.title and page.answers and page.columns and page.sql):
        raise CatalogError(
            f"{page.name}.sql: the leading comment needs title, answers and columns, and a SELECT follows it"
        )
    declared = {p.name for p in page.parameters}
    used = {m for m in _TOKEN.findall(page.sql) if m}
    if odd := (used - declared - {p.name for p in SPAN}) | (declared - used):
        raise CatalogError(f"{page.name}.sql: parameters and SQL do not agree about {', '.join(sorted(odd))}")
    for parameter in page.parameters:
        if parameter.type not in TYPES:
            raise CatalogError(
                f"{page.name}.sql: {parameter.name} has type {parameter.type!r}, none of {', '.join(TYPES)}"
            )
        parameter.literal(parameter.default)
