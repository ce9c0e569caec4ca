"""What is known of live processes: who made them, and which program each exec started.

Events carry numbers (a process key, an exec's number); these tables answer for them with
array look-ups. Both forget: a process at its exit, a program when no live process runs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]


class ProcessTable:
    """Creator and current program of each live process, ordered by key."""

    def __init__(self) -> None:
        self._keys: Keys = np.zeros(0, np.int64)
        self._parents: Keys = np.zeros(0, np.int64)
        self._images: NDArray[np.uint32] = np.zeros(0, np.uint32)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, keys: Keys, parents: Keys, images: NDArray[np.uint32]) -> None:
        """New processes (from fork); a key seen again replaces its row."""
        if not len(keys):
            return
        joined = np.concatenate([self._keys, keys])
        # The last of equal keys wins: unique keeps the first, so look from the end.
        unique, at = np.unique(joined[::-1], return_index=True)
        at = len(joined) - 1 - at
        self._keys = unique
        self._parents = np.concatenate([self._parents, parents])[at]
        self._images = np.concatenate([self._images, images])[at]

    def set_images(self, keys: Keys, images: NDArray[np.uint32]) -> None:
        """Programs that known processes have started (from exec)."""
        at, known = self._find(keys)
        self._images[at[known]] = images[known]

    def remove(self, keys: Keys) -> None:
        """Processes that have ended."""
        if len(keys):
            stay = ~np.isin(self._keys, keys)
            self._keys, self._parents, self._images = self._keys[stay], self._parents[stay], self._images[stay]

    def parents(self, keys: Keys) -> tuple[Keys, NDArray[np.bool_]]:
        """Keys of the creators, and where they are known."""
        at, known = self._find(keys)
        if not len(self._keys):
            return np.zeros(len(keys), np.int64), known
        return np.where(known, self._parents[at], 0), known

    def images_of(self, keys: Keys) -> NDArray[np.uint32]:
        """Programs that processes run now; 0 where the process is not known."""
        at, known = self._find(keys)
        if not len(self._keys):
            return np.zeros(len(keys), np.uint32)
        return np.where(known, self._images[at], 0).astype(np.uint32)

    def live_images(self) -> NDArray[np.uint32]:
        """Programs that some live process runs."""
        return np.unique(self._images)

    def _find(self, keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        if not len(self._keys):
            return np.zeros(len(keys), np.intp), np.zeros(len(keys), np.bool_)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return at, self._keys[at] == keys


class ImageTable:
    """Facts of programs by the number of the exec that started them."""

    COLUMNS = ("exe", "cmdline", "cwd", "marks")

    def __init__(self, keep: int = 16384) -> None:
        """``keep`` rows may gather before those of ended processes are dropped."""
        self._keep = keep
        self._numbers: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._columns: dict[str, NDArray[np.object_]] = {c: np.zeros(0, object) for c in self.COLUMNS}
        self._bytes: NDArray[np.int64] = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._numbers)

    def add(
        self, numbers: NDArray[np.uint32], argv_bytes: NDArray[np.int64], columns: Mapping[str, Sequence[str | None]]
    ) -> None:
        """Programs of new execs; a number seen again replaces its row."""
        if not len(numbers):
            return
        joined = np.concatenate([self._numbers, numbers])
        unique, at = np.unique(joined[::-1], return_index=True)
        at = len(joined) - 1 - at
        self._numbers = unique
        self._bytes = np.concatenate([self._bytes, argv_bytes])[at]
        for name, old in self._columns.items():
            new = np.empty(len(numbers), object)
            new[:] = columns[name]
            self._columns[name] = np.concatenate([old, new])[at]

    def get(self, numbers: NDArray[np.generic], column: str) -> list[str | None]:
        """One fact for each number; ``None`` where the program is not known."""
        at, known = self._find(numbers)
        values = self._columns[column]
        return [values[i] if k else None for i, k in zip(at.tolist(), known.tolist(), strict=True)]

    def argv_bytes(self, numbers: NDArray[np.generic]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """True lengths of argv, and where they are known."""
        at, known = self._find(numbers)
        return (self._bytes[at] if len(self._bytes) else np.zeros(len(at), np.int64)), known

    def drop_ended(self, live: NDArray[np.uint32]) -> None:
        """Forget programs that no live process runs, once many have gathered."""
        if len(self._numbers) <= self._keep:
            return
        stay = np.isin(self._numbers, live)
        self._numbers, self._bytes = self._numbers[stay], self._bytes[stay]
        self._columns = {n: v[stay] for n, v in self._columns.items()}

    def _find(self, numbers: NDArray[np.generic]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        if not len(self._numbers):
            return np.zeros(len(numbers), np.intp), np.zeros(len(numbers), np.bool_)
        at = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return at, self._numbers[at] == numbers
