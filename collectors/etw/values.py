"""Data of registry values as text, as Sysmon and ``reg query`` show it; each distinct one is written once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_SZ, _EXPAND, _DWORD, _DWORD_BIG, _MULTI, _QWORD = 1, 2, 4, 5, 7, 11  # winnt.h REG_…


def registry_values(data: pa.BinaryArray, types: npt.NDArray[np.int64]) -> pa.StringArray:
    """One text per value: texts as they are, numbers as ``DWORD (0x00000001)``, the rest in hex; NULL for nothing."""
    encoded = data.dictionary_encode()
    raws = encoded.dictionary.to_pylist()
    code = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64) << 32 | types & 0xFFFFFFFF
    distinct, inverse = np.unique(code, return_inverse=True)
    texts = pa.array([_text(raws[c >> 32], c & 0xFFFFFFFF) for c in distinct.tolist()], pa.string())
    return texts.take(pa.array(inverse))


def _text(raw: bytes, type_: int) -> str | None:
    if not raw:
        return None
    if type_ in (_SZ, _EXPAND, _MULTI):
        return raw.decode("utf-16-le", "replace").rstrip("\0").replace("\0", "; ")
    if type_ in (_DWORD, _DWORD_BIG) and len(raw) == 4:
        return f"DWORD (0x{int.from_bytes(raw, 'little' if type_ == _DWORD else 'big'):08x})"
    if type_ == _QWORD and len(raw) == 8:
        return f"QWORD (0x{int.from_bytes(raw, 'little'):016x})"
    return raw.hex()
