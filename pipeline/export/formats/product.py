"""Who sends: what every format says of Lictor itself."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

VENDOR = "Lictor"
PRODUCT = "Lictor"


@cache
def version() -> str:
    """The installed version; ``0`` in a tree that is not installed, since no format takes an empty one."""
    try:
        return installed("lictor")
    except PackageNotFoundError:
        return "0"
