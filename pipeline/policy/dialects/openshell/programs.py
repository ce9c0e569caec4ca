"""The ``binaries`` of a network policy as patterns of ``exe``.

Where no star stands in it, a binary is compared as it is written. With one it is a pattern by components, in which
``**`` is any number of them; what other patterns do there is not certain, so they are taken narrowly or left out.
"""

from __future__ import annotations

import re

from pipeline.policy.globs import LONGEST, quoted

EVERY = "/**"
"""Every program."""


def program(path: str) -> str | None:
    """The pattern of a binary; ``None`` for one that matches nothing, or nothing that could be said."""
    if len(path) > LONGEST // 2:
        return None
    if "*" not in path:
        parts = path.split("/")
        plain = parts[0] == "" and len(parts) > 1 and not {"", ".", ".."} & set(parts[1:])
        return quoted(path) if plain else None
    if path in ("**", EVERY):
        return EVERY
    return _pattern(path.split("/"))


def _pattern(parts: list[str]) -> str | None:
    if parts[0] not in ("", "**") or {"", ".", ".."} & set(parts[1:]) or any(c in "/".join(parts) for c in "[]{}\\"):
        return None
    # two stars within a component may cross components or be an error there; here they stay within it
    parts = [p if p == "**" else re.sub(r"\*+", "*", p).replace(",", r"\,") for p in parts]
    # '/x/**' would match '/x' itself here
    return "/".join(parts) + ("/*" if parts[-1] == "**" else "")
