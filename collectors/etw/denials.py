r"""Accesses that the kernel refused and logged: AccessCheckLog of Kernel-General, by which MXC's containers tell their denials.

Fields as in the provider's manifest (keyword 0x20, ``KERNEL_GENERAL_SECURITY_ACCESSCHECK``). The kernel logs failed checks
only, of tokens in learning mode: with ``Mode`` "Normal" they were refused, with "Permissive" they were let pass and
would be refused without. Rights as in winnt.h.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.decode import Part
from collectors.etw.ntpaths import NtPaths, registry_path, unresolved
from collectors.etw.rows import Rows, choice, filled, rows_of

_DELETE = 0x0001_0000
_CHANGE = 0x000C_0000 | 0x5000_0000
"""WRITE_DAC, WRITE_OWNER, GENERIC_WRITE and GENERIC_ALL: of every kind of object."""
_FILE_WRITE = _CHANGE | 0x0156
"""WRITE_DATA, APPEND_DATA, WRITE_EA, DELETE_CHILD, WRITE_ATTRIBUTES."""
_FILE_READ = 0xA000_0000 | 0x0029
"""GENERIC_READ, GENERIC_EXECUTE; READ_DATA, READ_EA, EXECUTE."""
_KEY_SET, _KEY_CREATE = _CHANGE | 0x0002, 0x0004

_FILE = ("file.write", "file.delete", "file.read", "file.open")
_KEY = ("registry.set", "registry.create", "registry.delete", "object.access")
_OPERATIONS = (*_FILE, *_KEY)
_OTHER = len(_OPERATIONS) - 1


def denials(part: Part, paths: NtPaths) -> Rows:
    """One row per failed check; ``content`` has the kind of object and the rights that were asked for."""
    mask, kind = part.number("AccessMask"), part.text("ObjectType")
    which = _which(mask, kind)
    path = paths.plain(_registry(filled(part.text("ObjectName"))))
    passed = pc.equal(pc.utf8_lower(part.text("Mode")), "permissive")
    columns = {
        "class": choice([o.partition(".")[0].replace("object", "kernel") for o in _OPERATIONS], which),
        "operation": choice(_OPERATIONS, which),
        "outcome": pc.if_else(passed, "success", "denied"),
        "path": path,
        "quality": unresolved(path, wanted=False),
        "content": pc.binary_join_element_wise(
            pc.if_else(pc.equal(kind, ""), "Capability", kind),
            _hex(mask),
            pc.if_else(passed, "permissive", pa.scalar(None, pa.string())),
            " ",
            null_handling="skip",
        ),
    }
    return rows_of(part, columns)


def _which(mask: npt.NDArray[np.int64], kind: pa.StringArray) -> npt.NDArray[np.int64]:
    """Index into ``_OPERATIONS``: the strongest of the rights decides."""
    wrote, deleted = (mask & _FILE_WRITE) != 0, (mask & _DELETE) != 0
    file = np.select([wrote, deleted, (mask & _FILE_READ) != 0], [0, 1, 2], 3)
    key = np.select([(mask & _KEY_SET) != 0, (mask & _KEY_CREATE) != 0, deleted], [4, 5, 6], _OTHER)
    is_file, is_key = (pc.equal(kind, name).to_numpy(zero_copy_only=False) for name in ("File", "Key"))
    return np.where(is_file, file, np.where(is_key, key, _OTHER))


def _hex(mask: npt.NDArray[np.int64]) -> pa.StringArray:
    values, codes = np.unique(mask, return_inverse=True)
    return pa.array([f"{v:#x}" for v in values.tolist()], pa.string()).take(pa.array(codes))


def _registry(names: pa.StringArray) -> pa.StringArray:
    encoded = names.dictionary_encode()
    return pa.array([n and registry_path(n) for n in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)
