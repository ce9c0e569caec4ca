"""What a format is: rows of one lake table in, one finished event per row out.

The sinks know nothing of OCSF or CEF; they carry payloads. A format knows nothing of sockets, files or time: it is
a function of the rows alone, so that an event that is sent again is the same event, byte for byte.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import pyarrow as pa

from pipeline import schema

PAYLOAD = pa.large_string()
"""Type of the payloads: UTF-8 without any line break, so that a line, a frame or an array element can hold each."""


EVENTS = frozenset(schema.TABLES) - schema.DERIVED - {"processes", "console"}
"""Tables whose rows are events of an agent's machine: all but what is told by ``activity`` already, and what people did in the dashboard."""


class FormatError(ValueError):
    """Rows cannot be encoded at all: an unknown format, or a table that is none of the lake."""


class Format(ABC):
    """One way to write events.

    ``name`` is what a person calls it, ``content_type`` what HTTP calls one payload, and ``tables`` are the lake
    tables that it has events for.
    """

    name: str
    content_type: str
    tables: frozenset[str]

    def encode(self, table: str, rows: pa.Table) -> pa.Array:
        """One payload per row, in the order of the rows (``PAYLOAD``).

        NULL where the format has no event for a row; ``null_count`` of the result says how many these are.
        Columns that ``rows`` lacks count as NULL, other columns than the table's are ignored.

        Raises ``FormatError`` for a table that the lake does not have.
        """
        if table not in schema.TABLES:
            raise FormatError(f"the lake has no table {table!r}: choose one of {', '.join(schema.TABLES)}")
        if table not in self.tables or not rows.num_rows:
            return pa.nulls(rows.num_rows, PAYLOAD)
        return self.events(table, rows)

    @abstractmethod
    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """What ``encode`` gives, for a table of ``tables`` and at least one row."""
