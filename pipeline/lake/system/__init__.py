"""What the files of a lake need of the operating system: ``files`` is the module for this one.

The same names on every system: open so that nobody is in the way, lock, read and write, make durable, rename and remove.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from pipeline.lake.system import windows as files
else:
    from pipeline.lake.system import posix as files

__all__ = ["files"]
