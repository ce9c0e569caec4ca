"""Tools that read and write files: their paths as the kernel would see them.

The kernel names a file without links, dots and tildes; the last part of a name keeps its link where the act is on
the name itself (delete, rename).
"""

from __future__ import annotations

import os

from lictor.hooks.interface import Act
from lictor.hooks.surroundings import Surroundings

_WRITE = ("write",)
_BOTH = ("read", "write")
_NOWHERE = ("/dev/stdin", "/dev/stdout", "/dev/stderr")


def absolute(path: str, cwd: str, home: str) -> str | None:
    """A path from its folder, with the tilde filled in; ``None`` where it cannot be a name."""
    if not path or "\0" in path:
        return None
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    found = os.path.join(cwd, path)  # noqa: PTH118 - pathlib would drop a final slash and dots
    return found if found.startswith("/") else None


def opened(path: str, cwd: str, home: str) -> str | None:
    """The file that an open reaches, through all links."""
    found = absolute(path, cwd, home)
    return None if found is None else os.path.realpath(found)


def named(path: str, cwd: str, home: str) -> str | None:
    """The name that a delete or rename touches: its folder without links."""
    found = absolute(path, cwd, home)
    if found is None:
        return None
    folder, last = os.path.split(os.path.normpath(found))
    return os.path.join(os.path.realpath(folder), last)  # noqa: PTH118 - see above


def read(path: str, cwd: str, around: Surroundings, exe: str | None) -> list[Act]:
    """The act of reading a file."""
    found = opened(path, cwd, around.home)
    return [] if found is None or _no_file(path) else [Act("file.read", found, exe=exe, intent=("read",))]


def write(path: str, cwd: str, around: Surroundings, exe: str | None) -> list[Act]:
    """The act of writing a file, which is to create it where it is not there."""
    found = opened(path, cwd, around.home)
    if found is None or _no_file(path):
        return []
    if os.path.lexists(found):
        return [Act("file.write", found, exe=exe, intent=_WRITE)]
    return [Act("file.create", found, exe=exe, intent=("write", "create"))]


def change(path: str, cwd: str, around: Surroundings, exe: str | None) -> list[Act]:
    """The acts of an edit: what is changed has been read."""
    return [*read(path, cwd, around, exe), *write(path, cwd, around, exe)]


def open_both(path: str, cwd: str, around: Surroundings, exe: str | None) -> list[Act]:
    """One open for reading and writing."""
    found = opened(path, cwd, around.home)
    return [] if found is None or _no_file(path) else [Act("file.write", found, exe=exe, intent=_BOTH)]


def delete(path: str, cwd: str, around: Surroundings, exe: str | None) -> list[Act]:
    """The act of deleting a name."""
    found = named(path, cwd, around.home)
    return [] if found is None else [Act("file.delete", found, exe=exe)]


def _no_file(path: str) -> bool:
    """Names that mean a descriptor of whoever opens them."""
    return path in _NOWHERE or path.startswith(("/dev/fd/", "/proc/self/"))
