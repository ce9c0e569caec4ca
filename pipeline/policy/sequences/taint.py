"""Taint: labels follow data from file to process, from process to file and to child processes, within one run.

- A process that opens a labelled or tainted file for reading bears its labels from that row on, that row included.
  An exec of a tainted file counts as reading it.
- A child bears what its parent bears when it is created; exec changes nothing.
- A file that a process opens for writing bears what the process bears then, and what it bears later as long as the file is
  among the ``HELD`` last ones that it opened for writing: ``cat secret > copy`` opens the copy first.
- A file keeps its labels whoever writes or cuts it. An inode or path at which a file is *created* is a new file.
- A rename or hard link passes the labels of the file and of its first path on to the second path.

What is not seen: data that goes through pipes, sockets, shared memory or a descriptor that a child inherits;
opens for reading that came before the file was tainted.

The state is bounded at the end of each block of the run: ended processes go, then what was tainted first;
the latter is counted as lost.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.policy.sequences.acts import Acts, acts_of, path_key, path_number
from pipeline.policy.sequences.counting import among, distinct, latest
from pipeline.policy.sequences.graph import Graph, Held, written_keys
from pipeline.policy.sequences.keys import Keys
from pipeline.policy.sequences.marks import Marks
from pipeline.policy.sequences.plan import NONE, Labeller, Longs
from pipeline.policy.sequences.spread import NEVER, spread

HELD = 16
"""Files opened for writing that a process is taken to hold open: the log has no closes, and most programs hold few."""

MOST_PROCESSES = 1 << 16
MOST_FILES = 1 << 17
MOST_HELD = 1 << 17


class Taint:
    """The labels of processes and files of one run."""

    def __init__(self, labeller: Labeller) -> None:
        self.lost = 0
        self._labeller = labeller
        self._processes = Marks()
        self._files = Marks()
        self._paths = Keys(pa.string())
        self._held = Held(np.zeros(0, np.int64), np.zeros(0, np.int64), HELD)
        self._ended: list[Longs] = []

    def advance(self, batch: pa.RecordBatch, position: int) -> Longs:
        """Label bits of the acting process at each row; the first row has ``position`` in the run."""
        acts = acts_of(batch, self._paths)
        seeds = self._labels(batch, acts)
        if seeds.any() or len(self._processes) or len(self._files):
            bits = self._follow(acts, seeds, position)
        else:
            bits = np.zeros(batch.num_rows, np.int64)
        self._hold(acts)
        if acts.exits.any():
            self._ended.append(acts.process[acts.exits])
        return bits

    def keep_latest(self) -> None:
        """The end of a block: forget ended processes, then whatever is too much, oldest first."""
        ended = np.concatenate([np.zeros(0, np.int64), *self._ended])
        self._ended = []
        self._processes.drop(ended)
        self.lost += self._processes.keep_latest(MOST_PROCESSES) + self._files.keep_latest(MOST_FILES)
        kept = np.flatnonzero(~among(self._held.process, distinct(ended)))
        self.lost += max(0, len(kept) - MOST_HELD)
        kept = kept[-MOST_HELD:]
        self._held = Held(self._held.process[kept], self._held.file[kept], HELD)
        self._forget_paths()

    def _labels(self, batch: pa.RecordBatch, acts: Acts) -> Longs:
        """Labels that the paths of rows have by name, where they matter."""
        found = np.zeros(batch.num_rows, np.int64)
        rows = np.flatnonzero(acts.reads | acts.moves)
        if len(rows) and "path" in batch.schema.names:
            found[rows] = self._labeller.labels(batch["path"].take(pa.array(rows)))
        return found

    def _follow(self, acts: Acts, seeds: Longs, position: int) -> Longs:
        """Let every label spread through the batch, and remember how far it got."""
        graph = Graph(acts, self._held)
        old = np.where(graph.generations == 0, self._files.look_up(graph.files), 0)
        carried = np.concatenate([self._processes.look_up(graph.processes), old])
        rows, nodes = graph.acting()
        own = np.where(acts.known, self._processes.look_up(acts.process), 0)
        gained, since = np.zeros(len(carried), np.int64), np.full(len(carried), NEVER)
        present = int(np.bitwise_or.reduce(np.concatenate([carried, seeds])))
        for bit in (1 << i for i in range(present.bit_length()) if present >> i & 1):
            earliest = np.where(carried & bit != 0, -1, NEVER)
            marked = seeds[graph.seed_rows] & bit != 0
            np.minimum.at(earliest, graph.seed_nodes[marked], graph.seed_rows[marked])
            earliest = spread(earliest, graph.edges)
            gained |= np.where(earliest != NEVER, bit, 0)
            np.minimum(since, earliest, out=since)
            own[rows] |= np.where(earliest[nodes] <= rows, bit, 0)
        self._remember(graph, gained, np.where(since == NEVER, since, since + position))
        return own

    def _remember(self, graph: Graph, gained: Longs, since: Longs) -> None:
        count, current = len(graph.processes), graph.current
        self._processes.add(graph.processes, gained[:count], since[:count])
        self._files.drop(graph.remade)
        self._files.add(graph.files[current], gained[count:][current], since[count:][current])

    def _hold(self, acts: Acts) -> None:
        """Remember what was opened for writing; a file made anew at the same place is another one."""
        written, keys = written_keys(acts)
        made, since = _last_creations(acts)
        if not len(written) and not len(made):
            return
        process = np.concatenate([self._held.process, acts.process[written]])
        file = np.concatenate([self._held.file, keys])
        row = np.concatenate([np.full(len(self._held.file), -1), written])
        if len(made):
            place = np.searchsorted(made, file)
            gone = (made.take(place, mode="clip") == file) & (since.take(place, mode="clip") > row)
            file[gone] = NONE
        order = np.argsort(process, kind="stable")
        kept = np.zeros(len(process), np.bool_)
        kept[order] = latest(process[order], HELD)
        self._held = Held(process[kept], file[kept], HELD)

    def _forget_paths(self) -> None:
        """Paths that nothing refers to any more are not known any more; the others get new numbers."""
        used = distinct(np.concatenate([self._files.keys, self._held.file]))
        numbers = np.sort(path_number(used[(used < 0) & (used != NONE)]))
        self._paths.keep(numbers)

        def renamed(keys: Longs) -> Longs:
            return np.where((keys < 0) & (keys != NONE), path_key(np.searchsorted(numbers, path_number(keys))), keys)

        self._files.renamed(renamed(self._files.keys))
        self._held = Held(self._held.process, renamed(self._held.file), HELD)


def _last_creations(acts: Acts) -> tuple[Longs, Longs]:
    """Keys at which files were created, sorted, and the last row of each."""
    rows = np.flatnonzero(acts.creates)
    keys, at = np.concatenate([acts.inode[rows], acts.path[rows]]), np.concatenate([rows, rows])
    keys, at = keys[keys != NONE], at[keys != NONE]
    several, which = np.unique(keys, return_inverse=True)
    last = np.full(len(several), -1)
    np.maximum.at(last, which, at)
    return several, last
