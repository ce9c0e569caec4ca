"""Who a process is on this machine: the key that events of it carry, from pid and creation time.

The definition is the collector's (``collectors.etw.processkey``), since a verdict on a row names a process by it. Creation times come from
``GetProcessTimes`` and are FILETIMEs (100 ns since 1601).
"""

from __future__ import annotations

from collectors.etw.machine import boot_id
from collectors.etw.processkey import process_key as key_of


def process_key(pid: int, created: int) -> int:
    """The key of a process of the running boot; ``created`` is a FILETIME."""
    return key_of(boot_id(), created, pid)
