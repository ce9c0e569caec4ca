r"""CEF, ArcSight's Common Event Format, version 0: a line with a header of seven fields and an extension of pairs.

Escapes as its guide has them: in the header ``\`` and ``|``, in the extension ``\``, ``=``, and line breaks as
``\n`` and ``\r``. CEF has no escape for other hidden characters; they become visible text (``\\u001b``).
IPv6 addresses have keys of their own, since ``src`` and ``dst`` are IPv4 in this version.
"""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from pipeline.export.formats import leaves, product, text_lines
from pipeline.export.formats.escapes import HIDDEN, Escape
from pipeline.export.formats.interface import EVENTS, Format
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.pairs import Field, Fields, Line
from pipeline.export.formats.writing import encode

_VISIBLE = tuple((raw, "\\" + written) for raw, written in HIDDEN)
_BREAKS = (("\n", "\\n"), ("\r", "\\r"))
HEADER = Escape((("\\", "\\\\"), ("|", "\\|")), _VISIBLE)
EXTENSION = Escape((("\\", "\\\\"), ("=", "\\="), *_BREAKS), tuple(pair for pair in _VISIBLE if pair[0] not in "\r\n"))

KEYS = {
    "host": "dvchost", "user": "suser", "uid": "suid", "exe": "sourceServiceName", "exe_name": "sproc", "pid": "spid",
    "outcome": "outcome", "error": "reason", "time": "rt", "id": "externalId", "path": "filePath", "name": "fname",
    "sha256": "fileHash", "ino": "fileId", "path_to": "destinationServiceName", "src4": "src", "dst4": "dst", "src_port": "spt",
    "dst_port": "dpt", "dst_name": "dhost", "protocol": "proto", "bytes": "out", "object": "request", "child_pid": "dpid",
    "class": "cat", "source": "deviceFacility", "message": "msg",
}  # fmt: skip
"""Keys of the CEF dictionary for the values of ``text_lines``."""

LABELLED = {
    "agent_run": "cs1", "agent": "cs2", "cmdline": "cs3", "policy": "cs4", "tool_call": "cs5", "rule": "cs6",
    "src6": "c6a2", "dst6": "c6a3", "exit_code": "cn1", "lost": "cn2", "signal": "cn3",
    "process_key": "flexString1", "conversation": "flexString2",
}  # fmt: skip
"""Keys that CEF leaves to the sender, each with a second pair that names it."""


class Cef(Format):
    """One line per row. ``processes`` has none: ``activity`` tells each start of a program."""

    name = "cef"
    content_type = "text/plain; charset=utf-8"
    tables = EVENTS

    def events(self, table: str, rows: pa.Table) -> pa.Array:
        """One line per row, without its line break."""
        return encode(table, rows, {table: line(table).pieces}, leaves.constant(table))


@cache
def line(table: str) -> Line:
    """The line of a table's rows."""
    act = text_lines.action(table)
    slow = _fields({**text_lines.slow(table), **({} if act is None else {"act": act})})
    quick = _fields(text_lines.quick(table))
    return Line(
        f"CEF:0|{product.VENDOR}|{product.PRODUCT}|{product.version()}|",
        [text_lines.signature(table), text_lines.title(table), text_lines.severity(table)],
        HEADER,
        "",
        [Fields(slow, " ", EXTENSION, together=True), Fields(quick, " ", EXTENSION)],
        " ",
    )


def _fields(values: dict[str, Leaf]) -> list[Field]:
    fields = [
        Field(KEYS.get(name, "act" if name == "act" else ""), leaf)
        for name, leaf in values.items()
        if name in KEYS or name == "act"
    ]
    for name, leaf in values.items():
        if name in LABELLED:
            fields += [Field(LABELLED[name], leaf), Field(f"{LABELLED[name]}Label", leaves.where(leaf, name))]
    return fields
