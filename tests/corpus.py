"""Where the real files of other projects are: beside the repository, never in it.

``LICTOR_CORPUS`` names another place. Tests that need a file skip where it is absent and say how to get on.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("LICTOR_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")


def corpus(*parts: str) -> Path:
    """A file or folder of the corpus; skips the test (or the module that asks at import) where it is absent."""
    path = ROOT.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no corpus at {path}: set LICTOR_CORPUS to its folder", allow_module_level=True)
    return path
