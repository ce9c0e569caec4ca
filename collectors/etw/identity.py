"""Who a process is on Windows: one signed 64-bit key for (boot, creation time, pid).

A pid is used again within seconds, so the creation time belongs to it. It is a FILETIME (100 ns since 1601), the same
in the kernel's start and stop events and in ``GetProcessTimes``: so rows and the enforcer speak of the same process.
Where only a start key is known (boot number << 48 | sequence number of the process; Windows 10), that stands for
creation time and pid. One key at a time: ``processkey``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from collectors.etw.processkey import CREATED, START_KEY, boot_word

Keys = npt.NDArray[np.int64]


def process_keys(boot: str, created: npt.NDArray[np.int64], pid: npt.NDArray[np.int64]) -> Keys:
    """Keys of many processes; ``created`` in 100 ns since 1601. Shape of the inputs, dtype int64."""
    word = _mix(created.astype(np.int64).view(np.uint64) ^ np.uint64(boot_word(boot, CREATED)))
    return _mix(word ^ pid.astype(np.int64).view(np.uint64)).view(np.int64)


def start_keys(boot: str, start_key: npt.NDArray[np.uint64]) -> Keys:
    """Keys of processes of which only Windows' own start key is known."""
    return _mix(start_key.astype(np.uint64) ^ np.uint64(boot_word(boot, START_KEY))).view(np.int64)


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread the bits of each value over the word (finaliser of splitmix64, a bijection)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
