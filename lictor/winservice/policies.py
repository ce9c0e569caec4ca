"""Policies on their way into the service's home: read first, so that a broken one changes nothing, then put in place one by one."""

from __future__ import annotations

import os
from pathlib import Path

from lictor.errors import LictorError
from pipeline.policy.load import read_policies

PATTERN = "*.yaml"


def check(folder: Path) -> list[Path]:
    """The policies of a folder (``*.yaml`` on top are policies; what they include may lie deeper), once each was read.

    Raises ``PolicyError``, and ``LictorError`` where there is none.
    """
    found = sorted(folder.glob(PATTERN))
    if not found:
        raise LictorError(f"{folder}: no policy (*.yaml) there")
    read_policies(found)
    return found


def put(source: Path, target: Path) -> list[Path]:
    """Copy every ``*.yaml`` below ``source``, each in one step; what else lies in ``target`` stays. Raises ``OSError``."""
    placed = []
    for path in sorted(source.rglob(PATTERN)):
        at = target / path.relative_to(source)
        at.parent.mkdir(parents=True, exist_ok=True)
        new = at.with_name(f"{at.name}.new")
        new.write_bytes(path.read_bytes())  # not moved: a new file gets the list of the folder that it is made in
        os.replace(new, at)  # noqa: PTH105 - the word says what it does
        placed.append(at)
    return placed


def are_there(source: Path, target: Path) -> bool:
    """Whether each policy of ``source`` lies in ``target`` byte for byte; raises ``OSError``."""
    return all((target / p.relative_to(source)).read_bytes() == p.read_bytes() for p in source.rglob(PATTERN))
