"""What lies in the service's home, without ever leaving it: links and junctions are named, never followed.

``run`` is left out: users look into it to find the service, so it has an access list of its own, which is looked at by whoever uses it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lictor.winservice.names import RUN

_REPARSE_POINT = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT


def is_link(path: Path) -> bool:
    """Whether it leads elsewhere: a symbolic link, a junction, a mount point. Raises ``OSError``."""
    status = path.lstat()
    return stat.S_ISLNK(status.st_mode) or bool(getattr(status, "st_file_attributes", 0) & _REPARSE_POINT)


def entries(top: Path) -> Iterator[Path]:
    """Every file and folder below, parents first, links included but not entered; raises ``OSError``."""
    with os.scandir(top) as found:
        paths = sorted(Path(entry.path) for entry in found)
    for path in paths:
        yield path
        if not is_link(path) and path.is_dir():
            yield from entries(path)


def of_home(home: Path) -> Iterator[Path]:
    """The home and all below it that is the service's alone."""
    yield home
    if is_link(home):
        return
    with os.scandir(home) as found:
        tops = sorted(Path(entry.path) for entry in found)
    for top in tops:
        if top.name.casefold() == RUN:
            continue
        yield top
        if not is_link(top) and top.is_dir():
            yield from entries(top)


def links(home: Path) -> list[Path]:
    """What in it leads elsewhere."""
    return [path for path in of_home(home) if is_link(path)]
