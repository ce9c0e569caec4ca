"""The few things that a lake asks of the operating system about files and pipes, as this one does them.

The same names on every system: open so that nobody is in the way, lock, read and write, make durable, rename and remove.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from pipeline.lake.system.windows import (
        be_nice,
        lock,
        mapped,
        may_write,
        opened,
        read_at,
        read_into,
        read_whole,
        readable,
        remove,
        replace,
        sync,
        sync_folder,
        try_lock,
        write,
    )  # fmt: skip
else:
    from pipeline.lake.system.posix import (
        be_nice,
        lock,
        mapped,
        may_write,
        opened,
        read_at,
        read_into,
        read_whole,
        readable,
        remove,
        replace,
        sync,
        sync_folder,
        try_lock,
        write,
    )  # fmt: skip

__all__ = [
    "be_nice", "lock", "mapped", "may_write", "opened", "read_at", "read_into", "read_whole",
    "readable", "remove", "replace", "sync", "sync_folder", "try_lock", "write",
]  # fmt: skip
