"""The process tree of a run as rows to print: each process under its creator, in order of time.

A process is known by its creation, its programs or its deeds; where the row about its parent was lost it stands at the top, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

SHOWN = 2000
"""Processes that are printed at most: with more, those that were denied something and the way down to them go first."""

Row = Mapping[str, Any]


def rows(processes: pa.Table, shown: int = SHOWN) -> tuple[pa.Table, int]:
    """The columns of ``run_processes`` with ``process`` (program, indented by depth) in front, and how many were left out."""
    known = {row["process_key"]: row for row in processes.to_pylist()}
    kept = _kept(known, shown)
    printed = [
        {"process": "    " * depth + _name(row), **row} for depth, row in _walk({k: known[k] for k in kept})
    ]  # fmt: skip
    schema = pa.schema([pa.field("process", pa.string()), *processes.schema])
    return pa.Table.from_pylist(printed, schema=schema), len(known) - len(printed)


def _name(row: Row) -> str:
    if row["exe"]:
        return str(row["exe"]).rpartition("/")[2] or str(row["exe"])
    return "(runs its creator's program)"


def _kept(known: Mapping[int, Row], shown: int) -> list[int]:
    if len(known) <= shown:
        return list(known)
    kept: dict[int, None] = {}
    ordered = [k for k, row in known.items() if row["denied"]] + [k for k, row in known.items() if not row["denied"]]
    for key in ordered:
        way = [k for k in _up(key, known) if k not in kept]
        if len(kept) + len(way) > shown:
            continue
        kept.update(dict.fromkeys(way))
        if len(kept) >= shown:
            break
    return [k for k in known if k in kept]


def _up(key: int, known: Mapping[int, Row]) -> Iterator[int]:
    """A process and those above it."""
    seen: set[int] = set()
    at: int | None = key
    while at is not None and at in known and at not in seen:
        seen.add(at)
        yield at
        at = known[at]["parent_key"]


def _walk(known: Mapping[int, Row]) -> Iterator[tuple[int, Row]]:
    """Depth first, with a stack of its own: a chain of ten thousand forks is deeper than Python recurses."""
    children: dict[int | None, list[int]] = {}
    for key, row in known.items():
        parent = row["parent_key"]
        children.setdefault(parent if parent in known and parent != key else None, []).append(key)
    walked: set[int] = set()
    for start in [*children.get(None, []), *known]:  # the second: whoever is only reached in a circle
        stack = [(0, start)]
        while stack:
            depth, key = stack.pop()
            if key in walked:
                continue
            walked.add(key)
            yield depth, known[key]
            stack += [(depth + 1, child) for child in reversed(children.get(key, []))]
