"""What ``sensor/maps.c`` keeps of a process, as a numpy type; the records of the rings are those of ``collectors/kernel/records.py``."""

from __future__ import annotations

import numpy as np

PROCESS = np.dtype([
    ("start", "<u8"), ("run", "<u4"), ("image", "<u4"), ("place", "<u4"), ("threads", "<i4"),
    ("status", "<u4"), ("ended", "<u2"), ("signal", "<u2"),
])  # fmt: skip
"""``struct process``."""

CLASS_PLACE = 15
"""Class of a change of the working directory: it becomes no row."""

NOWHERE = 0xFFFFFFFF
"""Number of a place that is not known; 0 is the root, from which absolute paths start."""

EPOCH_BITS = 22
"""Numbers of texts of one epoch, which processors and user space share out among them."""
