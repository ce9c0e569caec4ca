"""Files: what Kernel-File and the kernel's FileIo class say, with names for the objects that reads and writes are about.

An open names its file and the object that stands for it from then on; reads, writes and renames name only the object.
So names are remembered by object and by key of the file, and the rundown of a classic session gives those of files that
were open before. Reads and writes are summed up per process and object over five seconds.

An open has no access mask: whether it was for reading or writing only later reads and writes tell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.decode import Part
from collectors.etw.lastknown import LastKnown, Statements
from collectors.etw.ntpaths import NtPaths, unresolved
from collectors.etw.pool import Codes, Pool
from collectors.etw.rows import Rows, choice, constant, rows_of
from collectors.etw.status import outcomes

MOST_NAMES = 200_000
"""Objects whose names are remembered; there is no event that says that one is gone, unless much more is recorded."""

SUM_OVER = 5 * 10_000_000

_DIRECTORY = 0x1
_BY_DISPOSITION = ("file.write", "file.open", "file.create", "file.open", "file.write", "file.write")
_INTENT = ("write,create,truncate", None, "create", "create", "write,truncate", "write,create,truncate")
_PATH_EVENTS = {26: "file.delete", 27: "file.rename", 28: "file.link"}


class Files:
    """Knows the names of open files from chunk to chunk."""

    def __init__(self, paths: NtPaths) -> None:
        self._paths, self._pool = paths, Pool()
        self._names = LastKnown(MOST_NAMES)

    @property
    def forgotten(self) -> int:
        """Names that had to go because there were too many."""
        return self._names.forgotten

    def rows(self, parts: Sequence[Part]) -> list[Rows]:
        """Rows of a chunk's file events."""
        by_role = {
            role: [p for p in parts if p.event.role == role and len(p)]
            for role in ("name", "open", "move", "path", "end")
        }
        named = {
            id(p): self._paths.plain(p.text(_NAME[p.event.role]))
            for role in ("name", "open", "path")
            for p in by_role[role]
        }
        told = self._told(by_role, named)
        known = self._names.told(*told)
        ends = _Ends(by_role["end"])
        made = [_opened(p, named[id(p)], ends) for p in by_role["open"]]
        made += [self._moved(p, known) for p in by_role["move"]]
        made += [self._path(p, named[id(p)], known, ends) for p in by_role["path"]]
        self._names.remember(*told)
        self._forget()
        return made

    def _told(
        self, by_role: dict[str, list[Part]], named: dict[int, pa.Array]
    ) -> tuple[npt.NDArray[np.uint64], Codes, Codes]:
        """What is said of names: by opens, by the rundown, and by renames (from then on)."""
        keys, at, values = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for part in (*by_role["name"], *by_role["open"], *(p for p in by_role["path"] if p.event.id == 27)):
            codes = self._pool.codes(named[id(part)])
            fields = [f for f in ("FileKey", "FileObject") if part.has(f)]
            for field in fields:
                keys.append(part.key(field))
                # A rename is asked for its old name at its own moment, so the new one holds from the next on.
                at.append(part.order + (part.event.role == "path"))
                values.append(codes)
        told = np.concatenate(keys), np.concatenate(at), np.concatenate(values)
        useful = told[0] != 0
        return told[0][useful], told[1][useful], told[2][useful]

    def _name(self, part: Part, known: Statements, rows: npt.NDArray[np.int64]) -> Codes:
        by_object = known.asked(part.key("FileObject")[rows], part.order[rows])
        return np.where(by_object >= 0, by_object, known.asked(part.key("FileKey")[rows], part.order[rows]))

    def _moved(self, part: Part, known: Statements) -> Rows:
        first, total = _summed(part)
        name = self._pool.texts(self._name(part, known, first))
        operation = "file.read" if part.event.id == 15 else "file.write"
        columns = {
            "class": constant("file", len(first)), "operation": constant(operation, len(first)),
            "intent": constant("read" if part.event.id == 15 else "write", len(first)), "outcome": constant("success", len(first)),
            "path": name, "bytes": pa.array(total), "quality": unresolved(name),
        }  # fmt: skip
        return Rows(
            part.order[first], part.time[first], part.pid[first], part.tid[first], part.start_key[first], columns
        )

    def _path(self, part: Part, path: pa.Array, known: Statements, ends: _Ends) -> Rows:
        count = len(part)
        columns = {
            "class": constant("file", count), "operation": constant(_PATH_EVENTS[part.event.id], count),
            "outcome": ends.outcome(part),
        }  # fmt: skip
        if part.event.id == 26:
            columns["path"] = path
        else:
            old = self._pool.texts(self._name(part, known, np.arange(count)))
            columns |= {"path": old, "path_to": path, "quality": unresolved(old)}
        return rows_of(part, columns)

    def _forget(self) -> None:
        if len(self._pool) > 2 * MOST_NAMES:
            self._names.renumber(self._pool.keep(self._names.values))


_NAME = {"name": "FileName", "open": "FileName", "path": "FilePath"}


class _Ends:
    """Results of operations by the request that they belong to, where the trace has them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        none = np.zeros(0, np.int64)
        self._irp = np.concatenate([none.astype(np.uint64), *(p.key("Irp") for p in parts)])
        self._at = np.concatenate([none, *(p.order for p in parts)])
        self._status = np.concatenate([none, *(p.number("Status") for p in parts)])

    def outcome(self, part: Part) -> pa.Array:
        """What the next result of each operation's request says; NULL where none follows within the chunk."""
        if not len(self._irp):
            return pa.nulls(len(part), pa.string())
        ends = LastKnown(len(self._irp)).told(self._irp, -self._at, np.arange(len(self._at)))
        found = ends.asked(part.key("Irp"), -part.order)
        return outcomes(np.where(found >= 0, self._status[np.maximum(found, 0)], -1))


def _opened(part: Part, path: pa.Array, ends: _Ends) -> Rows:
    options = part.number("CreateOptions")
    disposition = np.minimum(options >> 24, len(_BY_DISPOSITION) - 1)
    made = (
        np.isin(disposition, (2, 3)) & (options & _DIRECTORY != 0)
        if part.event.id != 30
        else np.zeros(len(part), np.bool_)
    )
    operation = choice(_BY_DISPOSITION, disposition) if part.event.id != 30 else constant("file.create", len(part))
    operation = pc.if_else(pa.array(made & (disposition == 2)), "file.mkdir", operation)
    columns = {
        "class": constant("file", len(part)), "operation": operation, "intent": choice(_INTENT, disposition),
        "outcome": ends.outcome(part), "path": path, "quality": unresolved(path),
    }  # fmt: skip
    return rows_of(part, columns)


def _summed(part: Part) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first record of each process, object and span of time, and the bytes of all of them."""
    code = np.zeros(len(part), np.int64)
    for column in (part.pid, part.key("FileObject"), part.time // SUM_OVER):
        distinct, inverse = np.unique(column, return_inverse=True)
        code = np.unique(code * len(distinct) + inverse, return_inverse=True)[1]
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return first, np.bincount(group, weights=part.number("IOSize")).astype(np.int64)
