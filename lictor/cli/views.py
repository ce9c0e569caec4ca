"""The command ``views``: which views there are to ask, and what the columns of one mean.

Nothing is read but the files of ``queries/views``: no lake is needed to learn what could be asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, OutputOption
from lictor.errors import LictorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from queries.catalog import Query


def views(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The view whose columns are wanted.", show_default=False)
    ] = None,
    fmt: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Lists the views that lictor sql knows, or the columns of one with their types and meanings.

    Example: lictor views DeviceProcessEvents
    """
    import pyarrow as pa  # noqa: PLC0415 - as in lictor/cli/query.py

    from lictor.formats import chosen  # noqa: PLC0415
    from lictor.render import emit  # noqa: PLC0415
    from queries.catalog import load  # noqa: PLC0415

    known = sorted(load(), key=lambda view: view.name.lower())
    if name is None:
        rows = [{"view": v.name, "columns": len(v.columns), "answers": v.answers} for v in known]
    else:
        view = _named(name, {v.name.lower(): v for v in known})
        rows = [
            {"column": c, "type": view.types.get(c), "meaning": f"NULL: {meaning}" if c in view.unknown else meaning}
            for c, meaning in view.columns.items()
        ]
    emit(pa.Table.from_pylist(rows), chosen(fmt, output), output)


def _named(name: str, known: Mapping[str, Query]) -> Query:
    """The view of a name, whatever its case; raises ``LictorError`` where there is none."""
    from difflib import get_close_matches  # noqa: PLC0415

    view = known.get(name.lower())
    if view is None:
        close = [known[n].name for n in get_close_matches(name.lower(), known, n=3)]
        hint = (
            f"did you mean {', '.join(close)}?"
            if close
            else "lictor views lists them; the tables are in docs/schema.md"
        )
        raise LictorError(f"there is no view {name!a}: {hint}")
    return view
