"""Renders docs/views.md from ``queries/views`` and ``queries/schemas``: each view, what it answers, its columns.

Whoever asks the lake finds there what a column holds, and of another product's table also why a column is NULL.
Columns that are NULL for one reason share a line, so that what is there is not lost among what is not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from queries import catalog, foreign
from tools import generated
from tools.schema_docs import table

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = """# The views

`lictor sql` knows these views beside the tables of [schema.md](schema.md); `lictor views` lists them, `lictor views NAME` shows the columns of one.
Views of other products' tables have all of their columns, in the published order and with the published types (KQL's `datetime` is
`TIMESTAMPTZ`, `dynamic` is `JSON`, a GUID is text); columns that Lictor cannot fill are NULL, with the reason. Names are as published;
SQL does not tell case apart. A filter by time reaches the files of the lake through every view that has one row per event.
"""


def contents(views: list[catalog.Query]) -> Iterator[str]:
    """What there is, in one table."""
    rows = [(f"[`{v.name}`](#{v.name.lower()})", v.schema.partition(".")[0], v.answers) for v in views]
    yield from table(("view", "shape of", "answers"), rows)


def section(view: catalog.Query) -> Iterator[str]:
    """One view with its columns."""
    yield f"## {view.name}\n\n{view.title}. {view.answers}\n"
    if view.source:
        yield f"Shape: {view.source}\n"
    known = [(f"`{c}`", view.types[c], meaning) for c, meaning in view.columns.items() if c not in view.unknown]
    yield from table(("column", "type", "meaning"), known)
    if view.unknown:
        yield f"NULL, {len(view.unknown)} of {len(view.columns)}:\n"
        reasons: dict[str, list[str]] = {}
        for column, reason in view.columns.items():
            if column in view.unknown:
                reasons.setdefault(reason, []).append(f"`{column}` {view.types[column]}")
        yield from table(("columns", "why"), [(", ".join(columns), reason) for reason, columns in reasons.items()])


def render() -> str:
    """The whole page."""
    views = sorted(catalog.load(), key=lambda v: (bool(v.schema), v.schema.partition(".")[0], v.name.lower()))
    products = [
        f"- `{p.stem}`: {foreign.schema(p.stem).title}, {foreign.schema(p.stem).source}"
        for p in sorted(foreign.SCHEMAS.glob("*.toml"))
    ]
    parts = [INTRODUCTION, *contents(views), *products, "", *(line for view in views for line in section(view))]
    return generated.notice("tools.view_docs") + "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(generated.main("docs/views.md", render()))
