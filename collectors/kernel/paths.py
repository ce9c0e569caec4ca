"""Columns that say what was acted on: paths, inode, flags of an open.

A path that the sensor took from kernel objects is final. One that the program gave (a
failed call, a name that is gone) was joined to its base by the sensor and is tidied here:
``//``, ``/./`` and ``/../`` are folded by their spelling, as its ``claimed`` flag allows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.kernel.columns import masked, scattered
from collectors.kernel.members import Records
from collectors.kernel.strings import StringTable
from pipeline import schema

_EXEC = schema.OPERATION_BY_NAME["exec"].code
_TWO_PATHS = np.zeros(256, np.bool_)
_TWO_PATHS[[schema.OPERATION_BY_NAME[n].code for n in ("file.rename", "file.link", "file.symlink")]] = True
_LAST_OPEN = schema.OPERATION_BY_NAME["file.create"].code
_PROCESS, _FILE, _NETWORK = (schema.CLASSES.index(c) for c in ("process", "file", "network"))


def columns(records: Records, strings: StringTable) -> dict[str, pa.Array]:
    """``path`` and what goes with it."""
    class_, operation = records["class"], records["op"]
    files = class_ == _FILE
    execs = np.flatnonzero((class_ == _PROCESS) & (operation == _EXEC))
    # The three parts of the union that name an object all begin with its id.
    asked = np.where(files | (class_ == _NETWORK), records["file.path"], 0)
    found: dict[str, pa.Array] = {}
    if len(execs):
        started = records[execs]
        # What was asked for is the script; its interpreter is exe.
        asked[execs] = np.where(started["exec.script"] != 0, started["exec.script"], started["exec.path"])
        found |= scattered(execs, {"script": strings.paths.column(started["exec.script"])}, len(records))
    found["path"] = strings.paths.column(asked)
    two = np.flatnonzero(_TWO_PATHS.take(operation))
    if len(two):
        found |= scattered(two, {"path_to": strings.paths.column(records["file.path_to"][two])}, len(records))
    return {**found, **_of_inodes(records, files, execs)}


def _of_inodes(records: Records, files: NDArray[np.bool_], execs: NDArray[np.intp]) -> dict[str, pa.Array]:
    """What a file or a program is: the parts of a file and of an exec agree up to ``dev``; the mode stands elsewhere."""
    with_inode = files.copy()
    with_inode[execs] = True
    if not with_inode.any():
        return {}
    inode, mode = records["file.ino"].astype(np.int64), records["file.mode"].astype(np.int32)
    mode[execs] = records["exec.mode"][execs]
    known = with_inode & (inode != 0)
    opened = files & (records["op"] <= _LAST_OPEN)
    return {
        "ino": masked(inode, known, schema.LONG),
        "dev": masked(records["file.dev"].astype(np.int64), known, schema.LONG),
        "mode": masked(mode, with_inode & (mode != 0), schema.INT),
        "open_flags": masked(records["file.open_flags"].astype(np.int32), opened, schema.INT),
    }
