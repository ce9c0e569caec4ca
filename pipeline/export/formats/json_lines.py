"""Plain JSON: the row as it is, every column that is not NULL under its own name.

One object per row without line breaks, so that a file of them is JSON Lines. ``table`` says where the row is from.
Times are ISO 8601, columns of JSON text are opened, and ``event_id`` names the row for good (see
``identity``).
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from pipeline import schema
from pipeline.export.formats import leaves
from pipeline.export.formats.identity import event_id
from pipeline.export.formats.interface import Format
from pipeline.export.formats.tree import Const, Object
from pipeline.export.formats.writing import by_tree, encode


class JsonLines(Format):
    """Rows of every table, as they are."""

    name = "json"
    content_type = "application/json"
    tables = frozenset(schema.TABLES) - schema.DERIVED

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One JSON object per row; no row is without."""
        return encode(table, rows, by_tree({table: event(table)}), leaves.constant(table))


@cache
def event(table: str) -> Object:
    """The event of a table."""
    names = [c.name for c in schema.TABLES[table]]
    return leaves.of_columns(table, names, {"table": Const(table), "event_id": event_id(table)})
