"""Who Lictor is on a system and where its folders are: ``here`` is the module for this one, each of them light."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from lictor.system import windows as here
else:
    from lictor.system import posix as here

__all__ = ["here"]
