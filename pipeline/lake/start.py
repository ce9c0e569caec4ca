"""Starts a worker process: ``python -m pipeline.lake.start worker`` runs ``pipeline.lake.worker`` without what it does not need.

pyarrow imports pandas where it is installed, as it is beside a dashboard: half of what all imports of a worker take.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

HIDDEN = frozenset({"pandas"})
"""Packages that a worker does as if they were not installed."""


class _Hidden(MetaPathFinder):
    """Finds nothing under a hidden name, and lets nobody else look for it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002 - Python's own signature
        """Raise ``ModuleNotFoundError`` for what is hidden."""
        if fullname.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"{fullname} is hidden from workers", name=fullname)


def command(worker: str) -> list[str]:
    """The command line that runs a worker: nothing of the caller's folder or user counts."""
    return [sys.executable, "-P", "-s", "-m", "pipeline.lake.start", worker]


if __name__ == "__main__":
    sys.meta_path.insert(0, _Hidden())
    runpy.run_module(f"pipeline.lake.{sys.argv[1]}", run_name="__main__")
