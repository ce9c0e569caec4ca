"""The edges of small batches by hand; what labels do along them is held to a simulation in ``test_taint``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline import schema
from pipeline.policy.sequences.acts import acts_of
from pipeline.policy.sequences.graph import Graph, Held, written_keys
from pipeline.policy.sequences.keys import Keys
from pipeline.policy.sequences.plan import NONE
from pipeline.policy.sequences.spread import NEVER

NOTHING = Held(np.zeros(0, np.int64), np.zeros(0, np.int64), 2)


def acts(*rows):
    rows = [{"errno": 0} | r for r in rows]
    names = [c.name for c in schema.ACTIVITY if any(c.name in r for r in rows)]
    columns = {n: pa.array([r.get(n) for r in rows], schema.lake_type("activity", n)) for n in names}
    return acts_of(schema.batch("activity", columns), Keys(pa.string()))


def opened(operation, process, inode):
    return {"operation": operation, "process_key": process, "dev": 0, "ino": inode}


def told(graph):
    """Edges by names: p1 for process 1, f9.0 for the first generation of inode 9."""
    names = [f"p{p}" for p in graph.processes] + [
        f"f{f}.{g}" for f, g in zip(graph.files.tolist(), graph.generations.tolist(), strict=True)
    ]
    e = graph.edges
    return sorted(
        (names[s], names[t], r, u)
        for s, t, r, u in zip(*map(np.ndarray.tolist, (e.source, e.target, e.row, e.until)), strict=True)
    )


def test_reads_writes_and_forks_are_edges():
    graph = Graph(
        acts(
            opened("file.write", 1, 9),
            opened("file.read", 2, 9),
            {"operation": "fork", "process_key": 1, "child_key": 3},
        ),
        NOTHING,
    )
    assert told(graph) == [("f9.0", "p2", 1, 2), ("p1", "f9.0", 0, NEVER), ("p1", "p3", 2, 3)]


def test_file_created_anew_is_another_node():
    graph = Graph(acts(opened("file.read", 1, 9), opened("file.create", 2, 9), opened("file.read", 3, 9)), NOTHING)
    assert told(graph) == [("f9.0", "p1", 0, 1), ("f9.1", "p3", 2, 3), ("p2", "f9.1", 1, NEVER)]
    assert dict(zip(graph.generations.tolist(), graph.current.tolist(), strict=True)) == {0: False, 1: True}
    assert graph.remade.tolist() == [9]


def test_file_counts_as_closed_after_so_many_others():
    held = Held(np.array([1, 1, 4]), np.array([7, NONE, 8]), 2)
    graph = Graph(acts(opened("file.write", 1, 5), opened("file.write", 1, 6)), held)
    assert told(graph) == [("p1", "f5.0", 0, NEVER), ("p1", "f6.0", 1, NEVER), ("p1", "f7.0", -1, 0)]


def test_rows_of_processes_without_edges_have_no_node():
    graph = Graph(acts({"operation": "net.connect", "process_key": 8}, opened("file.read", 2, 9)), NOTHING)
    rows, nodes = graph.acting()
    assert (rows.tolist(), graph.processes[nodes].tolist()) == ([1], [2])


def test_written_file_is_known_by_inode_before_path():
    rows, keys = written_keys(
        acts(
            opened("file.write", 1, 9) | {"path": "/a"},
            {"operation": "file.write", "process_key": 1, "path": "/a"},
            {"operation": "file.write", "process_key": 1},
        )
    )
    assert rows.tolist() == [0, 1]
    assert keys[0] == 9
    assert keys[1] < 0
