r"""LEEF 2.0, QRadar's Log Event Extended Format: a header of six fields, then pairs behind a delimiter that it names.

The delimiter is a tab, named in hexadecimal. LEEF has no escape of its own, so ours is the common one: a backslash
doubled, ``|`` in the header behind one, and every hidden character, the tab among them, as ``\u`` and four digits;
it can be turned back. In a pair only the first ``=`` divides.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from pipeline.export.formats import leaves, product, text_lines
from pipeline.export.formats.escapes import Escape
from pipeline.export.formats.interface import EVENTS, Format
from pipeline.export.formats.pairs import Field, Fields, Line
from pipeline.export.formats.writing import encode

DELIMITER = "\t"
HEADER = Escape((("\\", "\\\\"), ("|", "\\|")))
ATTRIBUTES = Escape((("\\", "\\\\"),))

KEYS = {
    "time": "devTime", "host": "identHostName", "user": "usrName", "class": "cat", "path": "resource", "policy": "policy",
    "src": "src", "dst": "dst", "src_port": "srcPort", "dst_port": "dstPort", "protocol": "proto", "bytes": "srcBytes",
    "message": "msg",
}  # fmt: skip
"""Predefined attributes of LEEF for the values of ``text_lines``; the others keep their own names."""

_ELSEWHERE = ("src4", "src6", "dst4", "dst6")


class Leef(Format):
    """One line per row. ``processes`` has none: ``activity`` tells each start of a program."""

    name = "leef"
    content_type = "text/plain; charset=utf-8"
    tables = EVENTS

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One line per row, without its line break."""
        return encode(table, rows, {table: line(table).pieces}, leaves.constant(table))


@cache
def line(table: str) -> Line:
    """The line of a table's rows."""
    slow = {**text_lines.slow(table), "sev": text_lines.severity(table)}
    groups = []
    for values, together in ((slow, True), (text_lines.quick(table), False)):
        fields = [Field(KEYS.get(name, name), leaf) for name, leaf in values.items() if name not in _ELSEWHERE]
        groups.append(Fields(fields, DELIMITER, ATTRIBUTES, together=together))
    start = f"LEEF:2.0|{product.VENDOR}|{product.PRODUCT}|{product.version()}|"
    return Line(start, [text_lines.signature(table)], HEADER, f"x{ord(DELIMITER):02X}|", groups, DELIMITER)
