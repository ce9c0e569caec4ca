"""What a probe answers, in the words of the person who reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

OK, WARN, FAIL = "ok", "warn", "fail"


class Check(NamedTuple):
    """One answer. ``state``: ``ok``; ``warn`` when Lictor works with less; ``fail`` when it cannot do its work.

    ``costs`` is what is lost by it, ``fix`` the next step; both are empty when all is well.
    """

    name: str
    state: str
    found: str
    costs: str = ""
    fix: str = ""


Probe = Callable[[], tuple[str, str, str, str, str]]
"""A probe gives the fields of a ``Check``; parts of Lictor that do not know this module give a plain tuple."""
