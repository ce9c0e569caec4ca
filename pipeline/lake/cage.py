"""What a query worker may still do, as this system holds it: ``sandbox`` on Linux, a job object on Windows."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from pipeline.lake.system.job import confine
else:
    from pipeline.lake.sandbox import confine

__all__ = ["confine"]
