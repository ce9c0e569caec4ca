"""What the checks of single values share: an error whose text is shown as it stands, and the name that was meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable


def wrong(text: str) -> PydanticCustomError:
    """An error whose text is shown as it stands."""
    return PydanticCustomError("policy", "{text}", {"text": text})


def near(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the closest of ``names``, or nothing."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""
