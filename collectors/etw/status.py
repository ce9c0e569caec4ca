"""NTSTATUS as outcomes: success, denied (by rights), failure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_DENIED = (0xC0000022, 0xC0000061)  # access denied, privilege not held
_NAMES = pa.array(["success", "failure", "denied", None], pa.string())


def outcomes(status: npt.NDArray[np.int64]) -> pa.StringArray:
    """One outcome per status (32 bits, unsigned); NULL for -1. [MS-ERREF] 2.3: the top two bits of an error are set."""
    failed = status >> 30 & 3 == 3
    denied = np.isin(status, _DENIED)
    which = np.where(status < 0, 3, np.where(denied, 2, np.where(failed, 1, 0)))
    return _NAMES.take(pa.array(which))
