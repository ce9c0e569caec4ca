"""Renders docs/schema.md from ``pipeline.schema``: every table, column, operation and vocabulary in one page.

Whoever writes a query or a policy reads it; whoever changes the schema gets it anew with ``make docs``.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import TYPE_CHECKING

from pipeline import schema
from queries.catalog import SQL_TYPES
from tools import generated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SQL_TYPE = SQL_TYPES
"""Names that a query uses for the lake's types; tests/pipeline/test_schema.py holds them against DuckDB."""

PURPOSE = {
    "activity": "What was done: one row per thing that a process did or tried.",
    "runs": "The runs of agents: one row per state that a run entered.",
    "processes": "The programs that ran: one row per exec, so that a process which ran two programs has two.",
    "findings": "What policies and hunts made of it.",
    "actions": "What was done about it: an intent row before, a result row after, with the same id.",
    "coverage": "What was seen and what was lost, per source, processor, class, reason and interval, also when nothing was.",
    "policies": "Every version of a policy that was in force, with its text, and changes that were refused.",
    "console": "What people looked at in the dashboard, and did there: one row per view, search, export and act.",
    "activity_hours": "Counts of activity by the hour. Nobody writes it: sealing a log leaves it behind. The view activity_hourly adds what is not sealed yet.",
    "requests": "What runs were held for, and how that was decided, by whom: one row per state of a question.",
}

INTRODUCTION = f"""# The schema

Version {schema.SCHEMA_VERSION}. Every column is nullable: NULL means that the source does not tell. A "set" is comma-separated text without
spaces. Types are SQL types as DuckDB names them; `TIMESTAMPTZ` holds microseconds in UTC, and `time_ns` the exact order.
"""


def row(*cells: str) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Lines of a Markdown table, with an empty line after it."""
    names = list(headings)
    yield row(*names)
    yield "|" + "---|" * len(names)
    yield from (row(*cells) for cells in rows)
    yield ""


def columns(name: str) -> Iterator[str]:
    """Section of one lake table, its columns in order, a heading per group where the table is as wide as ``activity``."""
    yield f"## Table `{name}`\n\n{PURPOSE[name]}\n"
    for group, members in groupby(schema.TABLES[name], key=lambda c: c.group):
        cells = [(f"`{c.name}`", SQL_TYPE[c.type], c.unit, c.meaning, c.source) for c in members]
        yield f"**{group}**\n"
        yield from table(("column", "type", "unit", "meaning", "from"), cells)


def operations() -> Iterator[str]:
    """Section of the operations and of the names that a policy reaches them by."""
    yield "## Operations\n\nValues of `activity.operation`, and the selectors by which a policy's `on:` and `defaults:` reach them.\n"
    named = [
        (f"`{o.name}`", o.activity_class, ", ".join(f"`{s}`" for s in o.selectors), o.described)
        for o in schema.OPERATIONS
    ]
    yield from table(("operation", "class", "selectors", "meaning"), named)
    yield "An opened file is one operation (`file.open`, `file.read`, `file.write` or `file.create`); its `intent` tells all that was asked for,"
    yield "and a selector fits when the intent does:\n"
    yield from table(("intent", "selector"), [(f"`{i}`", f"`{s}`") for i, s in schema.INTENT_SELECTORS.items()])


def vocabularies() -> Iterator[str]:
    """Section of the closed sets of values."""
    yield "## Values\n"
    values = {
        "class": schema.CLASSES,
        "verdict, weakest first": schema.VERDICTS,
        "severity": schema.SEVERITIES,
        "enforced_at": schema.ENFORCED_AT,
        "enforcement": schema.ENFORCEMENT,
        "quality (set)": schema.QUALITY,
        "intent (set)": schema.INTENTS,
    }
    yield from table(("column", "values"), [(k, ", ".join(f"`{v}`" for v in vs)) for k, vs in values.items()])


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION, *(line for name in schema.TABLES for line in columns(name)), *operations(), *vocabularies()]
    return generated.notice("tools.schema_docs") + "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(generated.main("docs/schema.md", render()))
