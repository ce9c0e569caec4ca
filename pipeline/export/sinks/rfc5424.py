"""Syslog messages as RFC 5424 writes them, and how they follow one another on a stream (RFC 6587, RFC 5425).

The message is a whole payload, which has no line break; the frame before it says how many octets it has. So no text in
an event can end its message and begin another, whatever the receiver splits at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.formats.escapes import HIDDEN, Escape
from pipeline.export.sinks.frames import by_distinct, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.export.sinks.interface import Batch

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
"""RFC 5424 table 1, under the names that syslog daemons use."""

SEVERITY_CODES = {"informational": 6, "low": 5, "medium": 4, "high": 3, "critical": 2}
"""RFC 5424 table 2: informational, notice, warning, error, critical."""

EXAMPLE_PEN = 32473
"""The enterprise number that RFC 5612 sets aside for documentation; whoever has one of their own names it."""

VALUE = Escape((("\\", "\\\\"), ('"', '\\"'), ("]", "\\]")), tuple((raw, f"\\{written}") for raw, written in HIDDEN))
"""Values of structured data (§6.3.3): ``"``, ``\\`` and ``]`` behind a backslash, and no controls."""

_NIL = "-"
_LONGEST_HOST, _LONGEST_NAME = 255, 32
_PARAMETER = re.compile(r"[!#-<>-\\^-~]{1,32}")  # printable ASCII without '=', ']', '"' (RFC 5424 §6.3.3)


@dataclass(frozen=True)
class Style:
    """What of a message is configured; ``tags`` become parameters of its structured data."""

    facility: int = FACILITIES.index("local0")
    pen: int = EXAMPLE_PEN
    app: str = "lictor"
    tags: Mapping[str, str] = field(default_factory=dict)


def messages(batch: Batch, style: Style) -> pa.Array:
    """One message per event (``binary``), without frame."""
    # Constants are put into the columns of few distinct values: each column that is joined costs time for every event.
    behind_host = (
        f' {header_field(style.app, 48)} - {header_field(batch.table, _LONGEST_NAME)} [lictor@{style.pen} id="'
    )
    tags = "".join(f' {name}="{escaped(value)}"' for name, value in style.tags.items())
    return rows_of(
        _priorities(batch.severities, style.facility), timestamps(batch.times),
        by_distinct(batch.hosts, lambda h: f" {header_field(h, _LONGEST_HOST)}{behind_host}"),
        VALUE(batch.ids), f'"{tags}] '.encode(), batch.payloads,
    )  # fmt: skip


def counted(rows: pa.Array) -> pa.Array:
    """Octet counting: each message behind its length in bytes and a space."""
    return rows_of(pc.binary_length(rows).cast(pa.string()), b" ", rows)


def terminated(rows: pa.Array) -> pa.Array:
    """Non-transparent framing, for receivers that know no other: a line feed behind each message."""
    return rows_of(rows, b"\n")


def escaped(value: str) -> str:
    """One value of structured data."""
    return str(VALUE(pa.array([value], pa.string()))[0])


def parameter_name(name: str) -> bool:
    """Whether it may name a parameter of structured data."""
    return _PARAMETER.fullmatch(name) is not None


def header_field(value: str | None, longest: int) -> str:
    """A field of the header: printable ASCII without spaces, ``-`` for nothing (§6.2)."""
    return re.sub(r"[^!-~]", "_", value or "")[:longest] or _NIL


def _priorities(severities: pa.Array, facility: int) -> pa.Array:
    return by_distinct(severities, lambda s: f"<{facility * 8 + SEVERITY_CODES.get(s or '', 6)}>1 ")


def timestamps(times: pa.Array) -> pa.Array:
    """RFC 3339 with microseconds in UTC (``binary``), ``-`` for none."""
    # A cast is several times as fast as strftime; it writes "2026-09-21 14:13:20.123456".
    text = pc.binary_replace_slice(times.cast(pa.string()).cast(pa.binary()), 10, 11, b"T")
    return pc.binary_join_element_wise(text, pa.scalar(b"Z"), pa.scalar(b"")).fill_null(_NIL.encode())
