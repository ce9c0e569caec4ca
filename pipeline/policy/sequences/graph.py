"""Processes and files of a batch as nodes, and along which edges a label can pass between them.

A file that is created in the middle of a batch is another node than what stood at its place before:
each key has *generations*, so that the edges do not depend on what is tainted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.policy.sequences.acts import Acts
from pipeline.policy.sequences.counting import among, distinct, following
from pipeline.policy.sequences.plan import NONE, Flags, Longs
from pipeline.policy.sequences.spread import NEVER, Edges


@dataclass(frozen=True)
class Held:
    """The latest files that each process opened for writing, in the order of the run; ``NONE`` is one that is gone."""

    process: Longs
    file: Longs
    most: int


@dataclass(frozen=True)
class _Touch:
    """Rows that touch a file, and which process or other file is concerned."""

    row: Longs
    key: Longs


class Graph:
    """Nodes: first ``processes``, then files (``files``: the key of each, ``generations``, ``current``: the last one).

    ``remade`` are the keys at which a file was created. ``seed_rows`` and ``seed_nodes``: which nodes bear the
    labels that the path of a row has by name.
    """

    def __init__(self, acts: Acts, held: Held) -> None:
        self._acts = acts
        read = _touches(np.flatnonzero(acts.reads | acts.execs), acts.inode, acts.path)
        moved_from = _touches(np.flatnonzero(acts.moves), acts.inode, acts.path)
        moved_to = _touches(np.flatnonzero(acts.moves), acts.path_to)
        written = _written(acts)
        forks = np.flatnonzero(acts.forks)
        rows = np.concatenate([np.flatnonzero(acts.reads), read.row, written.row, forks])
        self.processes = distinct(np.concatenate([acts.process[rows], acts.child[forks]]))
        old = np.flatnonzero(self._are_here(held.process))
        carried = _Touch(np.full(len(old), -1), held.file[old])
        living = _Touch(*(a[carried.key != NONE] for a in (carried.row, carried.key)))
        self._name_files([read, moved_from, moved_to, written, living])
        self.edges = _joined([
            self._read(read),
            self._moved(moved_from, moved_to),
            self._written(written, carried, held.process[old], held.most),
            _at_once(self._process(acts.process[forks]), self._process(acts.child[forks]), forks),
        ])  # fmt: skip
        self.seed_rows = np.concatenate([np.flatnonzero(acts.reads), moved_to.row])
        self.seed_nodes = np.concatenate([
            self._process(acts.process[np.flatnonzero(acts.reads)]), self._file(moved_to)
        ])  # fmt: skip

    def acting(self) -> tuple[Longs, Longs]:
        """Rows whose process is a node, and that node."""
        rows = np.flatnonzero(self._acts.known & self._are_here(self._acts.process))
        return rows, self._process(self._acts.process[rows])

    def _are_here(self, keys: Longs) -> Flags:
        return among(keys, self.processes)

    def _process(self, keys: Longs) -> Longs:
        return np.searchsorted(self.processes, keys)

    def _name_files(self, touches: list[_Touch]) -> None:
        """Number the generations of all keys."""
        acts, self._span = self._acts, len(self._acts.process) + 1
        made = _touches(np.flatnonzero(acts.creates), acts.inode, acts.path)
        self.remade = distinct(made.key)
        self._keys = distinct(np.concatenate([t.key for t in touches]))
        made_here = among(made.key, self._keys)
        self._made = distinct(self._at(_Touch(made.row[made_here], made.key[made_here])))
        every = np.concatenate([self._generation_id(t) for t in touches])
        self._ids = distinct(every)
        keys, self.generations = np.divmod(self._ids, self._span)
        self.files = self._keys[keys]
        self.current = self.generations == self._made_before((keys + 1) * self._span) - self._made_before(
            keys * self._span
        )

    def _at(self, touch: _Touch) -> Longs:
        """Key and row as one number that is sorted by both."""
        found: Longs = np.searchsorted(self._keys, touch.key) * self._span + touch.row + 1
        return found

    def _made_before(self, at: Longs) -> Longs:
        return np.searchsorted(self._made, at)

    def _generation_id(self, touch: _Touch) -> Longs:
        key = np.searchsorted(self._keys, touch.key)
        generation = self._made_before(self._at(touch) + 1) - self._made_before(key * self._span)
        found: Longs = key * self._span + generation
        return found

    def _file(self, touch: _Touch) -> Longs:
        found: Longs = len(self.processes) + np.searchsorted(self._ids, self._generation_id(touch))
        return found

    def _read(self, read: _Touch) -> Edges:
        return _at_once(self._file(read), self._process(self._acts.process[read.row]), read.row)

    def _moved(self, source: _Touch, target: _Touch) -> Edges:
        """Each name of a file before to its name afterwards."""
        place = np.searchsorted(target.row, source.row)
        paired = np.flatnonzero(target.row.take(place, mode="clip") == source.row) if len(target.row) else place[:0]
        return _at_once(self._file(source)[paired], self._file(target)[place[paired]], source.row[paired])

    def _written(self, written: _Touch, carried: _Touch, holders: Longs, most: int) -> Edges:
        """From a process to what it opened for writing, until it opened so many others that this one counts as closed."""
        process = np.concatenate([holders, self._acts.process[written.row]])
        row = np.concatenate([carried.row, written.row])
        order = np.argsort(process, kind="stable")
        until = np.empty(len(row), np.int64)
        until[order] = following(process[order], row[order], most, NEVER)
        touched = _Touch(row, np.concatenate([carried.key, written.key]))
        there = touched.key != NONE
        touched = _Touch(row[there], touched.key[there])
        # What the holder bore before this batch its files got then; they may have been forgotten since.
        since = np.where(touched.row < 0, 0, -1)
        return Edges(self._process(process[there]), self._file(touched), touched.row, since, until[there])


def _touches(rows: Longs, *keys: Longs) -> _Touch:
    """The rows with each key that they have, in the order of rows where there is one kind of key."""
    row = np.concatenate([rows for _ in keys])
    key = np.concatenate([k[rows] for k in keys])
    return _Touch(row[key != NONE], key[key != NONE])


def written_keys(acts: Acts) -> tuple[Longs, Longs]:
    """Rows that open a file for writing, and its key: the inode where it is known, else the path."""
    rows = np.flatnonzero(acts.writes)
    keys = np.where(acts.inode[rows] != NONE, acts.inode[rows], acts.path[rows])
    return rows[keys != NONE], keys[keys != NONE]


def _written(acts: Acts) -> _Touch:
    return _Touch(*written_keys(acts))


def _at_once(source: Longs, target: Longs, row: Longs) -> Edges:
    """Edges for what the source bears at that row."""
    return Edges(source, target, row, np.full(len(row), -1), row + 1)


def _joined(parts: list[Edges]) -> Edges:
    return Edges(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in ("source", "target", "row", "since", "until"))
    )
