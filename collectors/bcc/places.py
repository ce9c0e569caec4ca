"""Paths as they were given, joined to the folder that they start from.

A record names a path by its text and, where that is relative, by a *place*: the number that a change of the working
directory or an open gave to a folder. Places are learnt from the same records, so a path is put together from what the
kernel told, in whatever order the records came, and not from ``/proc`` at some later moment.
"""

from __future__ import annotations

import posixpath

import numpy as np
from numpy.typing import NDArray

from collectors.bcc.links import Links
from collectors.bcc.records import CLASS_PLACE, NOWHERE
from collectors.bcc.texts import OwnTexts
from collectors.kernel.columns import Distinct
from collectors.kernel.strings import StringTable
from pipeline import schema

_PROCESS, _FILE = (schema.CLASSES.index(c) for c in ("process", "file"))
_EXEC = schema.OPERATION_BY_NAME["exec"].code
_LAST_OPEN = schema.OPERATION_BY_NAME["file.create"].code
_TWO_PATHS = np.zeros(256, np.bool_)
_TWO_PATHS[[schema.OPERATION_BY_NAME[n].code for n in ("file.rename", "file.link", "file.symlink")]] = True
_UNRESOLVED = 1 << schema.QUALITY.index("unresolved")

_SELF = "/proc/self/"
_OPENED = 1 << 20
"""Folders opened are kept by the low bits of their number: the newest of those that share them."""
_PLACE_BITS = 31
_NOT_YET = -1
_MOST_FOLDERS = 1 << 16


class Places:
    """Completes the paths of records, and knows where each process stands."""

    def __init__(self, strings: StringTable, own: OwnTexts, links: Links) -> None:
        self._strings = strings
        self._own = own
        self._links = links
        self._folders: dict[int, str] = {}
        self._opened = np.zeros((2, _OPENED), np.uint32)  # number of the place, number of its text
        self._finished: dict[int, int] = {}

    def learn(self, place: int, folder: str) -> None:
        """A place that user space numbered."""
        self._folders[place] = folder

    def text(self, place: int) -> str | None:
        """Path of a place; ``None`` where it is not known."""
        if place == 0:
            return ""
        folder = self._folders.get(place)
        if folder is None:
            at = place % _OPENED
            if self._opened[0, at] == place:
                folder = self._strings.text(int(self._opened[1, at]))
        return folder

    def is_crowded(self) -> bool:
        """Whether so many places have gathered that the dead ones should be dropped."""
        return len(self._folders) > _MOST_FOLDERS

    def keep_only(self, places: set[int]) -> None:
        """Drop working directories other than these."""
        self._folders = {place: folder for place, folder in self._folders.items() if place in places}

    def forget(self) -> None:
        """Put every path together anew: links may have changed, or texts have new numbers."""
        self._finished.clear()

    def complete(self, records: NDArray[np.void]) -> None:
        """Final paths into records, in place; what no path can be told of is marked."""
        class_, operation = records["class"], records["op"]
        failed_exec = (class_ == _PROCESS) & (operation == _EXEC) & (records["ret"] < 0)
        rows = np.flatnonzero((class_ == _FILE) | (class_ == CLASS_PLACE) | failed_exec)
        if not len(rows):
            return
        part = records[rows]  # the parts of a file and of an exec agree as far as they are read here
        linked = (part["class"] == CLASS_PLACE) | (
            (part["class"] == _FILE) & (part["op"] <= _LAST_OPEN) & (part["ret"] >= 0)
        )
        made = (part["file.ino"] >> np.uint64(32)).astype(np.int64)
        final, open_end = self._joined(part["file.path"], part["file.dev"], linked, made)
        two = (part["class"] == _FILE) & _TWO_PATHS.take(part["op"])
        if two.any():
            base = part["file.ino"][two].astype(np.uint32)  # its low half
            other, lost = self._joined(part["file.path_to"][two], base, np.zeros(len(base), np.bool_), None)
            records["file.path_to"][rows[two]] = other
            open_end[two] |= lost
        self._name_the_asker(final, part["pid"])
        records["file.path"][rows] = final
        records["file.dev"][rows] = 0
        records["file.ino"][rows] = 0
        records["quality"][rows[open_end]] |= np.uint16(_UNRESOLVED)

    def _name_the_asker(self, final: NDArray[np.uint32], pid: NDArray[np.uint32]) -> None:
        """``/proc/self`` is another folder for each process: it gets its name, in place."""
        distinct = Distinct(final)
        theirs = np.array([(t or "").startswith(_SELF) for t in map(self._strings.text, distinct.values.tolist())])
        rows = np.flatnonzero(theirs[distinct.codes])
        if not len(rows):
            return
        pairs = Distinct(final[rows].astype(np.int64) << 32 | pid[rows])
        named = [(self._strings.text(pair >> 32) or "", pair & 0xFFFFFFFF) for pair in pairs.values.tolist()]
        numbers = [self._own.number(f"/proc/{asker}/{text.removeprefix(_SELF)}") for text, asker in named]
        final[rows] = np.array(numbers, np.uint32)[pairs.codes]

    def _joined(
        self,
        path: NDArray[np.uint32],
        base: NDArray[np.uint32],
        linked: NDArray[np.bool_],
        made: NDArray[np.int64] | None,
    ) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """Numbers of the final paths, and where a path's beginning is not known.

        A folder may be told in the same drain as what is opened from it, and that one again: each turn knows one more.
        """
        key = path.astype(np.int64) | np.where(base == NOWHERE, (1 << _PLACE_BITS) - 1, base).astype(np.int64) << 32
        key |= linked.astype(np.int64) << 63
        final = path.copy()
        waiting = np.arange(len(path))
        while len(waiting):
            distinct = Distinct(key[waiting])
            found = np.array([self._number(int(k)) for k in distinct.values.tolist()], np.int64)[distinct.codes]
            ready = found != _NOT_YET
            if not ready.any():
                break
            done = waiting[ready]
            final[done] = found[ready]
            if made is not None:
                self._learn_all(made[done], final[done], linked_only=linked[done])
            waiting = waiting[~ready]
        open_end = np.zeros(len(path), np.bool_)
        open_end[waiting] = True
        return final, open_end

    def _learn_all(self, made: NDArray[np.int64], final: NDArray[np.uint32], *, linked_only: NDArray[np.bool_]) -> None:
        new = np.flatnonzero((made != 0) & linked_only)
        at = made[new] % _OPENED
        self._opened[0, at], self._opened[1, at] = made[new], final[new]

    def _number(self, key: int) -> int:
        """Number of the final text of a path; ``_NOT_YET`` while its beginning is not known."""
        known = self._finished.get(key)
        if known is not None:
            return known
        linked, base, path = key < 0, key >> 32 & (1 << _PLACE_BITS) - 1, key & 0xFFFFFFFF
        if not linked and not base:
            return path
        begin = self.text(base)
        if begin is None:
            return _NOT_YET
        given = self._strings.text(path)
        if given is None and not base:
            return path
        whole = posixpath.join(begin, given) if given else begin
        number = self._own.number(self._links.real(whole) if linked else whole)
        self._finished[key] = number
        return number
