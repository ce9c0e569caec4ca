"""Memory for the text of many events, used again once nobody holds what lay in it.

A hundred megabytes that are fresh from the kernel were filled with zeros before, which costs as much as a quarter of all
that it takes to write events into them. So the last large block stays here when its payloads are gone.
"""

from __future__ import annotations

import weakref
from collections import deque

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]

_LEAST, _MOST = 1 << 20, 1 << 28
"""Smaller blocks the allocator keeps by itself, larger ones are not worth holding."""

_spare: deque[Bytes] = deque(maxlen=1)


def block(size: int) -> tuple[Bytes, pa.Buffer]:
    """So many bytes to be written to, and the same as Arrow has it. They are free again when that buffer is gone."""
    if not _LEAST <= size <= _MOST:
        fresh = np.empty(size, np.uint8)
        return fresh, pa.py_buffer(fresh)
    whole = _fitting(size)
    part = whole[:size]
    weakref.finalize(part, _spare.append, whole).atexit = False
    return whole[:size], pa.py_buffer(part)


def _fitting(size: int) -> Bytes:
    """The spare block where it is large enough and no giant for the purpose; else a new one with room to grow."""
    try:
        found = _spare.pop()
    except IndexError:
        found = np.empty(0, np.uint8)
    return found if size <= len(found) <= 4 * size else np.empty(size + size // 8, np.uint8)
