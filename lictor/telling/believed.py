"""Reads what stands in the folders of runs, and believes it only where root alone could have written it.

An agent that could write such a folder could make a hook tell it anything in Lictor's name.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RUN_FILE, REASONS_FILE = "run.json", "reasons.jsonl"

OWNER = 0
"""The user whose folders are believed."""

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_LARGEST_RUN = 64 << 10
# O_NONBLOCK, since a name may be a pipe that nobody feeds. On Windows, which has none of them, no folder can be opened: nothing is believed.
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)


def is_name(run: str) -> bool:
    """Whether a text can be the name of a run, so that no other folder is reached by it."""
    return _NAME.fullmatch(run) is not None


def all_facts(runs: Path) -> Iterator[Mapping[str, Any]]:
    """What is written down of each run in a folder of runs; none where there is no such folder."""
    try:
        names = os.listdir(runs)  # noqa: PTH208 - names, not paths
    except OSError:
        return
    found = (facts_of(runs / name) for name in names if is_name(name))
    yield from (facts for facts in found if facts is not None)


def facts_of(folder: Path) -> Mapping[str, Any] | None:
    """What is written down of the run that a folder belongs to; ``None`` where that cannot be believed."""
    data = read_believed(folder, RUN_FILE, _LARGEST_RUN)
    try:
        facts = json.loads(data) if data is not None else None
    except (ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) and facts.get("run") == folder.name else None


def is_believed(folder: Path) -> bool:
    """Whether a folder is there, no link, and root's alone to write."""
    try:
        with _opened(folder, _FOLDER) as inside:
            return _believed(os.fstat(inside))
    except OSError:
        return False


def read_believed(folder: Path, name: str, largest: int) -> bytes | None:
    """A file in a folder, up to ``largest`` bytes; ``None`` for a larger one, or where it cannot be believed."""
    try:
        with _opened(folder, _FOLDER) as inside, _opened(name, 0, inside) as file:
            found = os.fstat(file)
            if not (_believed(os.fstat(inside)) and _believed(found) and stat.S_ISREG(found.st_mode)):
                return None
            data = os.pread(file, largest + 1, 0)
    except OSError:
        return None
    return data if len(data) <= largest else None


def _believed(found: os.stat_result) -> bool:
    return found.st_uid == OWNER and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@contextmanager
def _opened(name: Path | str, flags: int, folder: int | None = None) -> Iterator[int]:
    descriptor = os.open(name, _OPEN | flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
