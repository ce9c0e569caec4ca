"""Paths of nono as patterns: literal, with variables that nono fills in.

XDG folders are taken at their defaults. ``$UID`` and ``$TMPDIR`` have no fixed value: an allow with one is left out,
a deny speaks of every value.
"""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\*?\[\]{},])")
_VARIABLES = {
    "$WORKDIR": "${workspace}",
    "$HOME": "${HOME}",
    "$XDG_CONFIG_HOME": "${HOME}/.config",
    "$XDG_STATE_HOME": "${HOME}/.local/state",
    "$XDG_CACHE_HOME": "${HOME}/.cache",
    "$XDG_DATA_HOME": "${HOME}/.local/share",
    "$NONO_CONFIG": "${HOME}/.config/nono",
    "$NONO_PACKAGES": "${HOME}/.config/nono/packages",
}
_LOOSE = {"$TMPDIR": "/tmp", "$UID": "*", "$XDG_RUNTIME_DIR": "/run/user/*"}  # noqa: S108 - a name in a policy
_NAME = re.compile("|".join(re.escape(n) for n in sorted((*_VARIABLES, *_LOOSE), key=len, reverse=True)))


def pattern(path: str, *, deny: bool = False) -> str | None:
    """One pattern for the path itself; ``None`` where it cannot be told, or is no absolute path."""
    text = re.sub(r"^~(?=/|$)", "$HOME", path)
    text = "$WORKDIR" + text[1:] if text in (".", "./") or text.startswith("./") else text
    if not deny and any(name in text for name in _LOOSE):
        return None
    made, last = "", 0
    for found in _NAME.finditer(text):
        made += _quoted(text[last : found.start()]) + (_VARIABLES.get(found[0]) or _LOOSE[found[0]])
        last = found.end()
    made = re.sub("/{2,}", "/", made + _quoted(text[last:]))
    made = made.rstrip("/") or "/"
    parts = made.split("/")
    if not re.match(r"/|\$\{(?:workspace|HOME)\}(?:/|$)", made) or ".." in parts:
        return None
    return "/".join(p for i, p in enumerate(parts) if p != "." or i == 0) or "/"


def _quoted(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def below(folder: str) -> str:
    """A folder with all in it."""
    return folder.rstrip("/") + "/**"


def holds(folder: str, path: str) -> bool:
    """Whether a pattern of a path lies strictly inside that of a folder, as far as their texts tell."""
    return path != folder and path.startswith(folder.rstrip("/") + "/")
