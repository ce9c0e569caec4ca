from __future__ import annotations

import ctypes

import pytest

from enforcer.windows import api
from tests.windows_files import windows_files  # noqa: F401 - a fixture


@pytest.fixture
def windows(monkeypatch):
    """A dictionary of functions that stand for those of Windows; what is called without one is an error."""
    known = {"CloseHandle": lambda _handle: 1}

    def function(name):
        return known[name]

    monkeypatch.setattr(api, "_function", function)
    return known


@pytest.fixture
def target():
    """Function: what a ``byref`` points to."""

    def find(pointer, kind):
        return ctypes.cast(pointer, ctypes.POINTER(kind)).contents

    return find
