"""The table of processes that a trace has told of: their keys, programs, command lines, users and parents, as arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.etw.decode import EPOCH_FILETIME
from collectors.etw.pool import Codes, Pool
from pipeline import schema

_TEXTS = ("exe", "cmdline", "user")


class KnownProcesses:
    """One entry per process; an entry's number is its index. The last entry stands for "nobody" (index -1)."""

    def __init__(self) -> None:
        self.pool = Pool()
        nobody = np.array([-1], np.int64)
        self.key, self.created, self.parent, self.pid = nobody, nobody.copy(), nobody.copy(), nobody.copy()
        self._codes = {name: nobody.copy() for name in _TEXTS}

    def __len__(self) -> int:
        return len(self.key) - 1

    def add(self, key: Codes, created: Codes, exe: Codes, cmdline: Codes, user: Codes, pid: Codes) -> Codes:
        """Their numbers."""
        if not len(key):
            return np.zeros(0, np.int64)
        index = np.arange(len(self), len(self) + len(key))
        unset = np.full(len(key), -1, np.int64)
        self.key, self.created, self.pid = _put(self.key, key), _put(self.created, created), _put(self.pid, pid)
        self.parent = _put(self.parent, unset)
        for name, codes in zip(_TEXTS, (exe, cmdline, user), strict=True):
            self._codes[name] = _put(self._codes[name], codes)
        return index

    def complete(self, index: Codes, exe: Codes, cmdline: Codes, user: Codes, *, full: npt.NDArray[np.bool_]) -> None:
        """What a second statement adds: what was missing, and the path of the program where it is a whole one."""
        for name, codes in zip(_TEXTS, (exe, cmdline, user), strict=True):
            column = self._codes[name]
            better = (codes >= 0) & ((column[index] < 0) | (full if name == "exe" else False))
            column[index[better]] = codes[better]

    def set_parent(self, index: Codes, parent: Codes) -> None:
        """Who created them; -1 where that is unknown."""
        known = (index >= 0) & (parent >= 0)
        self.parent[index[known]] = parent[known]

    def texts(self, name: str, index: Codes) -> pa.StringArray:
        """A text of each process; NULL where it is unknown."""
        return self.pool.texts(self._codes[name][index])

    def snapshot(self, index: Codes, seen: Codes) -> pa.Table:
        """Rows of ``processes`` for processes that ran before the trace; ``seen`` are the times of their rundown.

        ``time`` is when they were created, where the trace says so, else when they were first seen.
        """
        times = np.where(self.created[index] > 0, self.created[index], seen.min())
        columns = {
            "process_key": pa.array(self.key[index]), "pid": pa.array(self.pid[index].astype(np.int32)),
            "time": pa.array((times - EPOCH_FILETIME) // 10, pa.int64()).cast(schema.TIME),
            "exe": self.texts("exe", index), "cmdline": self.texts("cmdline", index),
        }  # fmt: skip
        return pa.table(columns)

    def keep(self, used: Codes) -> Codes:
        """Forget all others, but for parents of those; gives the new number of each old one."""
        kept = np.unique(used[used >= 0])
        kept = np.unique(np.concatenate([kept, self.parent[kept][self.parent[kept] >= 0]]))
        moved = np.full(len(self.key), -1, np.int64)
        moved[kept] = np.arange(len(kept))
        rows = np.append(kept, -1)
        self.parent = moved[self.parent[rows]]
        self.key, self.created, self.pid = self.key[rows], self.created[rows], self.pid[rows]
        self._codes = {name: column[rows] for name, column in self._codes.items()}
        texts = self.pool.keep(np.concatenate(list(self._codes.values())))
        self._codes = {name: texts[column] for name, column in self._codes.items()}
        return moved


def _put(column: Codes, more: Codes) -> Codes:
    return np.concatenate([column[:-1], more, column[-1:]])
