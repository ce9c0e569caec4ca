"""The quarantine vault of this system: ``here`` is the module by which files go in and out of it."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from lictor.vault import windows as here
else:
    from lictor.vault import posix as here

__all__ = ["here"]
