"""Variables in agentsh's patterns (``${NAME}``, ``${NAME:-other}``) as those of Lictor.

``${PROJECT_ROOT}`` is the workspace. ``${GIT_ROOT}`` is the workspace or a folder above it, so that an allow may
say no more than the workspace, and a deny needs the variable to be set. A fallback holds where the variable has no
value, which cannot be told here: an allow with one is left out, a deny speaks of both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_MARK = re.compile("\0([A-Za-z0-9_]+)\0")
ALWAYS = {"PROJECT_ROOT": "workspace", "HOME": "HOME"}
"""Names that agentsh always has a value for, and Lictor's names for them."""


@dataclass(frozen=True)
class Filled:
    """Patterns with marks for variables: what surely is meant, and all that can be meant."""

    lower: tuple[str, ...]
    upper: tuple[str, ...]


def filled(pattern: str) -> Filled:
    """Marks in place of variables, so that their braces are not read as alternatives."""
    whole = _VARIABLE.sub(lambda m: _mark(m[1]), pattern)
    inside = _VARIABLE.sub(lambda m: _mark("PROJECT_ROOT" if m[1] == "GIT_ROOT" else m[1]), pattern)
    if not any(m[2] is not None and m[1] not in (*ALWAYS, "GIT_ROOT") for m in _VARIABLE.finditer(pattern)):
        return Filled((inside,), (whole,))
    other = _VARIABLE.sub(lambda m: _mark(m[1]) if m[2] is None or m[1] in ALWAYS else m[2], pattern)
    return Filled((), (whole, other))


def _mark(name: str) -> str:
    return f"\0{ALWAYS.get(name, name)}\0"


def restored(pattern: str) -> str:
    """Marks as variables of Lictor."""
    return _MARK.sub(r"${\1}", pattern)
