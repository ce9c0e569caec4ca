"""Columns that say what was acted on: paths, inode, flags of an open.

A path that the sensor took from kernel objects is final. One that the program gave (a
failed call, a name that is gone) was joined to its base by the sensor and is tidied here:
``//``, ``/./`` and ``/../`` are folded by their spelling, as its ``claimed`` flag allows.
"""

from __future__ import annotations

import posixpath
import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.ebpf.columns import looked_up, masked
from collectors.ebpf.strings import StringTable
from pipeline import schema

_EXEC = schema.OPERATION_BY_NAME["exec"].code
_TWO_PATHS = [schema.OPERATION_BY_NAME[n].code for n in ("file.rename", "file.link", "file.symlink")]
_PROCESS, _FILE, _NETWORK = (schema.CLASSES.index(c) for c in ("process", "file", "network"))
_UNTIDY = re.compile(r"/(?:\.{0,2})(?:/|$)")


def tidy(path: str | None) -> str | None:
    """An absolute path without empty, ``.`` and ``..`` parts; anything else as it is."""
    if path is None or not path.startswith("/") or path == "/" or not _UNTIDY.search(path):
        return path
    return posixpath.normpath(path).replace("//", "/", 1)


def columns(records: NDArray[np.void], strings: StringTable) -> dict[str, pa.Array]:
    """``path`` and what goes with it."""

    def lookup(ids: NDArray[np.generic]) -> list[str | None]:
        return [tidy(p) for p in strings.get(ids)]  # type: ignore[arg-type]  # ids are uint32 here

    class_, operation = records["class"], records["op"]
    files = class_ == _FILE
    execs = (class_ == _PROCESS) & (operation == _EXEC)
    # The three parts of the union that name an object all begin with its id.
    named = files | execs | (class_ == _NETWORK)
    found = {"path": looked_up(np.where(named, records["file.path"], 0), lookup)}
    if execs.any():
        found["script"] = looked_up(np.where(execs, records["exec.script"], 0), lookup)
        # What was asked for is the script; its interpreter is exe.
        asked = np.where(execs & (records["exec.script"] != 0), records["exec.script"], records["file.path"])
        found["path"] = looked_up(np.where(named, asked, 0), lookup)
    if not (files | execs).any():
        return found
    two = np.isin(operation, _TWO_PATHS)
    if two.any():
        found["path_to"] = looked_up(np.where(two, records["file.path_to"], 0), lookup)
    # The parts of a file and of an exec agree up to dev; the mode stands elsewhere.
    inode = np.where(files, records["file.ino"], records["exec.ino"]).astype(np.int64)
    device = np.where(files, records["file.dev"], records["exec.dev"]).astype(np.int64)
    mode = np.where(files, records["file.mode"], records["exec.mode"]).astype(np.int32)
    known = (files | execs) & (inode != 0)
    found["ino"] = masked(inode, known, schema.LONG)
    found["dev"] = masked(device, known, schema.LONG)
    found["mode"] = masked(mode, (files | execs) & (mode != 0), schema.INT)
    opened = files & (operation <= schema.OPERATION_BY_NAME["file.create"].code)
    found["open_flags"] = masked(records["file.open_flags"].astype(np.int32), opened, schema.INT)
    return found
