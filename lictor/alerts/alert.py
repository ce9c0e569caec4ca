"""One alert: a row of the lake that somebody wants to hear of, and the document that is sent of it.

The document says the same thing as the row, under the same names, so that a receiver and a query agree.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from lictor.values import json_text
from pipeline import schema

KIND_OF = {"findings": "finding", "actions": "action", "requests": "request", "alarms": "alarm"}
"""What a document calls each kind of the file."""


@dataclass(frozen=True, eq=False)
class Alert:
    """A row (JSON-ready values by column) on its way to one target; ``level`` is the position of its severity."""

    kind: str
    level: int
    table: str
    row: dict[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Names the delivery: id of its rows in ``actions``, the same in every try."""

    @property
    def about(self) -> str:
        """What it is about, for evidence."""
        return f"{KIND_OF[self.kind]} {self.row.get('id') or 'without id'}"

    def document(self, host: str, version: str) -> bytes:
        """JSON, ASCII only, in stable order: kind, version and host, then the row's columns that are not NULL."""
        inside = {c.name for c in schema.TABLES.get(self.table, ()) if c.unit == "JSON"}
        head = {"kind": KIND_OF[self.kind], "lictor": version, "host": self.row.get("host") or host}
        body = {n: _opened(v) if n in inside else v for n, v in self.row.items() if v is not None and n not in head}
        return json_text({**head, **body}).encode("ascii")


def _opened(text: Any) -> Any:
    """What a column of JSON text holds; the text itself where it is none that every reader takes."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        json_text(value)
    except (TypeError, ValueError, RecursionError):
        return text
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
