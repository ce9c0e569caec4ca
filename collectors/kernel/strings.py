"""Strings that the sensor sent: id → text, put together from pieces.

A string arrives once, as pieces of 104 bytes on a ring of its own. Putting them together
is done for all new strings of a drain at once; only the decoding of each distinct string
is a Python step, never one per event. Memory is bounded: ``forget`` drops what was known
before, after the sensor has been told (by its epoch) to send everything anew.
"""

from __future__ import annotations

import posixpath
import re
import shlex

import numpy as np
from numpy.typing import NDArray

from collectors.kernel.columns import Vocabulary
from collectors.kernel.records import CHUNK, CHUNK_DATA, CHUNK_FAULT, STRIDE

_UNTIDY = re.compile(r"/(?:\.{0,2})(?:/|$)")


def tidy(path: str | None) -> str | None:
    """An absolute path without empty, ``.`` and ``..`` parts; anything else as it is."""
    if path is None or not path.startswith("/") or path == "/" or not _UNTIDY.search(path):
        return path
    return posixpath.normpath(path).replace("//", "/", 1)


class StringTable:
    """All strings that events may still name."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self.paths = Vocabulary(lambda ids: list(map(tidy, self.get(ids))))
        """Texts as tidy paths."""
        self._parts = np.zeros((0, STRIDE), np.uint8)
        self.faults = 0
        """Strings with a piece that the kernel could not read."""

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, raw: NDArray[np.uint8]) -> None:
        """Take in drained pieces, shape (n, 128), uint8; unfinished strings wait for the rest."""
        # Raw rows are joined and ordered: numpy repacks structured types when it joins them.
        rows = np.concatenate([self._parts, raw]) if len(self._parts) else raw
        if not len(rows):
            return
        unordered = rows.reshape(-1).view(CHUNK)
        rows = rows[np.lexsort((unordered["index"], unordered["id"]))]  # a copy: the ring's buffer is used again
        pieces = rows.reshape(-1).view(CHUNK)
        ids, starts, counts = np.unique(pieces["id"], return_index=True, return_counts=True)
        whole = counts >= pieces["count"][starts]
        self._parts = rows[np.repeat(~whole, counts)]
        kept = pieces[np.repeat(whole, counts)]
        lengths = np.where(kept["length"] == CHUNK_FAULT, 0, kept["length"]).astype(np.int64)
        self.faults += int((kept["length"] == CHUNK_FAULT).sum())
        data = np.ascontiguousarray(kept["data"]).view(np.uint8).reshape(-1, CHUNK_DATA)
        flat = data[np.arange(CHUNK_DATA) < lengths[:, None]].tobytes()
        ends = np.cumsum(lengths)[np.cumsum(counts[whole]) - 1] if len(kept) else np.zeros(0, np.int64)
        begins = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        spans = zip(ids[whole].tolist(), begins.tolist(), ends.tolist(), strict=True)
        # Decoded once, here: each batch asks for its distinct strings again.
        self._texts.update((i, flat[a:b].decode("utf-8", "backslashreplace")) for i, a, b in spans)

    def keep(self, number: int, text: str) -> None:
        """Take in a text that was put together here, under a number that no kernel program gives out."""
        self._texts[number] = text

    def text(self, number: int) -> str | None:
        """One text; ``None`` for 0 and for what never arrived."""
        return self._texts.get(number)

    def get(self, ids: NDArray[np.uint32]) -> list[str | None]:
        """Texts of distinct ids; ``None`` for id 0 and for what never arrived. Bytes that are no UTF-8 show as hexadecimal escapes."""
        return list(map(self._texts.get, ids.tolist()))

    def words(self, ids: NDArray[np.uint32]) -> list[list[str] | None]:
        """Texts of distinct ids as lists of words that were parted by NUL."""
        return [None if t is None else t.removesuffix("\0").split("\0") for t in self.get(ids)]

    def command_lines(self, ids: NDArray[np.uint32]) -> list[str | None]:
        """Command lines of distinct argv ids, joined by spaces, quoted for a shell where a word needs it."""
        return [None if w is None else shlex.join(w) for w in self.words(ids)]

    def missing(self, ids: NDArray[np.uint32]) -> bool:
        """Whether one of the ids (0 apart) has not arrived yet."""
        texts = self._texts
        return any(i and i not in texts for i in np.unique(ids).tolist())

    def newest(self) -> int:
        """Highest id that arrived; 0 without any."""
        return max(self._texts, default=0)

    def forget(self, up_to: int) -> None:
        """Drop the strings with ids up to ``up_to``."""
        self._texts = {i: t for i, t in self._texts.items() if i > up_to}
        self.paths.restart(up_to)
        self._parts = self._parts[self._parts.reshape(-1).view(CHUNK)["id"] > up_to]
