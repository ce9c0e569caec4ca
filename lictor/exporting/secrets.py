"""Secrets of destinations: from an environment variable or a file, never from the command line or the URL.

A file must be its owner's alone, as for a private key: what others may read is none any more.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from lictor.errors import LictorError

_LARGEST = 64 << 10


def resolved(references: Mapping[str, str], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The secrets behind ``env:NAME`` and ``file:PATH``; raises ``LictorError`` for one that is not there."""
    environ = os.environ if environ is None else environ
    return {name: _secret(name, reference, environ) for name, reference in references.items()}


def _secret(name: str, reference: str, environ: Mapping[str, str]) -> str:
    kind, _, place = reference.partition(":")
    if kind == "env" and place:
        if not environ.get(place):
            raise LictorError(f"secret {name}: the environment variable {place} is not set: export it before")
        return environ[place]
    if kind == "file" and place:
        return _read(name, Path(place))
    # What was written there may be the secret itself: it is not repeated.
    raise LictorError(f"secret {name}: write where it is, not what it is: {name}=env:NAME or {name}=file:PATH")


def _read(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise LictorError(f"secret {name}: {path}: cannot be read ({error.strerror})") from None
    if stat.S_ISREG(found.st_mode) and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise LictorError(f"secret {name}: {path}: others may read it: chmod 600 {path}")
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > _LARGEST or not text.isprintable():
        raise LictorError(f"secret {name}: {path}: holds no secret in one line of text")
    return text
