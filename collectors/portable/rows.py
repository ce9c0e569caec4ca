"""From what was noticed to a batch of the activity schema: facts in, batch out, numbered by class.

A poll finds a few facts at a time, so these are plain dictionaries; the batch is built by column.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from collectors.interface import Origin
from collectors.portable.machine import boot_offset_ns
from pipeline import schema

SOURCE = "portable"
_TYPES = {column.name: column.type for column in schema.ACTIVITY}

Fact = dict[str, Any]
"""Columns of one row, by name; at least ``operation``."""


def fact(operation: str, time_ns: int | None = None, **columns: Any) -> Fact:
    """A fact of this moment, or of ``time_ns`` (since 1970)."""
    found = {
        "time_ns": time.time_ns() if time_ns is None else time_ns,
        "operation": operation,
        "outcome": "success",
        "errno": 0,
    }
    return {**found, "class": schema.OPERATION_BY_NAME[operation].activity_class, **columns}


def clean(text: str) -> str:
    r"""A name as every source shows it: bytes that are no UTF-8 become ``\xNN``."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class Numbering:
    """Sequence numbers by class: every fact takes one, also one that was dropped."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}

    def take(self, class_: str, count: int = 1) -> int:
        """The first of ``count`` numbers."""
        first = self.next.get(class_, 0)
        self.next[class_] = first + count
        return first


def batch(facts: Iterable[Fact], origin: Origin, numbers: Numbering) -> pa.RecordBatch:
    """The facts in order of time, as a sparse activity batch."""
    ordered = sorted(facts, key=lambda one: one["time_ns"])
    offset = boot_offset_ns()
    for one in ordered:
        one["seq"] = numbers.take(one["class"])
        one["time"] = one["time_ns"] // 1000
        one["boottime_ns"] = None if offset is None else one["time_ns"] - offset
        one.update(host=origin.host, boot_id=origin.boot_id, source=SOURCE)
    names = dict.fromkeys(name for one in ordered for name, value in one.items() if value is not None)
    return schema.batch("activity", {name: _column(name, ordered) for name in names})


def _column(name: str, facts: Sequence[Mapping[str, Any]]) -> pa.Array:
    values = [one.get(name) for one in facts]
    type_ = _TYPES[name]
    if type_ != schema.TEXT:
        return pa.array(values, type_)
    texts = [None if value is None else clean(value) for value in values]
    return pa.array(texts, pa.string()).dictionary_encode()
