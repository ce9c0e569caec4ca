"""The process tree of a run as rows to print: each process under its creator, in order of time, large trees closed where nothing was denied.

A process is known by its creation, its programs or its deeds; where the row about its parent was lost it stands at the top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

SMALL = 150
"""A tree of at most so many processes is open at first."""
SHOWN = 2000
"""Processes that are printed at most."""
NO_PROGRAM = "(runs its creator's program)"

Row = Mapping[str, Any]


@dataclass
class Node:
    """A process: ``below`` is how many processes are under it, ``denied_below`` how many rows of those were denied."""

    row: Row
    depth: int
    below: int = 0
    denied_below: int = 0


Forest = dict[int, Node]


def forest(processes: pa.Table) -> Forest:
    """The processes of ``run_processes`` by key, in the order in which they are printed."""
    known = {row["process_key"]: row for row in processes.to_pylist()}
    grown = {key: Node(known[key], depth) for depth, key in _walk(known)}
    for key in reversed(grown):
        node = grown[key]
        parent = grown.get(node.row["parent_key"])
        if parent is not None and node.depth:
            parent.below += node.below + 1
            parent.denied_below += node.denied_below + node.row["denied"]
    return grown


def way_to(key: int, grown: Forest, known: Collection[int] = ()) -> list[int]:
    """The processes above one, the topmost last; up to the first that is known already."""
    way: list[int] = []
    while grown[key].depth and (key := grown[key].row["parent_key"]) not in known:
        way.append(key)
    return way


def opened_at_first(grown: Forest) -> set[int]:
    """Processes whose children are shown: all of a small tree; of a large one those at the top, and the way to each denial."""
    if len(grown) <= SMALL:
        return set(grown)
    return {key for key, node in grown.items() if not node.depth or node.denied_below}


def printed(grown: Forest, opened: Collection[int], shown: int = SHOWN) -> tuple[list[int], int]:
    """Keys of the processes to print, and how many that would be open are left out; those that were denied something go first."""
    seen: list[int] = []
    closed = -1  # the depth below which nothing is printed, -1 for none
    for key, node in grown.items():
        if 0 <= closed < node.depth:
            continue
        seen.append(key)
        closed = -1 if key in opened else node.depth
    if len(seen) <= shown:
        return seen, 0
    first = [key for key in seen if grown[key].row["denied"]]
    kept: set[int] = set()
    for key in [*first, *seen]:
        way = {key, *way_to(key, grown, kept)} - kept
        if len(kept) + len(way) <= shown:
            kept |= way
        if len(kept) == shown:
            break
    return [key for key in seen if key in kept], len(seen) - len(kept)


def table(grown: Forest, keys: list[int], opened: Collection[int]) -> pa.Table:
    """Rows to draw: ``process`` is the program behind a sign of whether more is below, indented by depth."""
    nodes = [grown[key] for key in keys]
    columns = ("pid", "started", "ended", "cmdline", "exit_code", "signal", "events", "denied", "process_key")
    made: dict[str, Any] = {
        "process": pa.array([_name(n, opened) for n in nodes], pa.string()),
        "below": pa.array([n.below for n in nodes], pa.int64()),
        "denied_below": pa.array([n.denied_below for n in nodes], pa.int64()),
    }
    types = {
        "pid": pa.int32(), "started": pa.timestamp("us", tz="UTC"), "ended": pa.timestamp("us", tz="UTC"), "cmdline": pa.string(),
        "exit_code": pa.int32(), "signal": pa.int32(), "events": pa.int64(), "denied": pa.int64(), "process_key": pa.int64(),
    }  # fmt: skip
    return pa.table(made | {c: pa.array([n.row[c] for n in nodes], types[c]) for c in columns})


def program(row: Row) -> str:
    """The base name of the program that a process ran last."""
    if not row["exe"]:
        return NO_PROGRAM
    return str(row["exe"]).rpartition("/")[2] or str(row["exe"])


def _name(node: Node, opened: Collection[int]) -> str:
    sign = "·" if not node.below else "−" if node.row["process_key"] in opened else "+"
    return f"{'    ' * min(node.depth, 40)}{sign} {program(node.row)}"


def _walk(known: Mapping[int, Row]) -> Iterator[tuple[int, int]]:
    """(depth, key), depth first, with a stack of its own: a chain of ten thousand forks is deeper than Python recurses."""
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
            yield depth, key
            stack += [(depth + 1, child) for child in reversed(children.get(key, []))]
