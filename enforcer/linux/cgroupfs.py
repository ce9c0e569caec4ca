"""The cgroup v2 file system as text and directories: where it is mounted, what is below a group.

``cgroup.py`` says what is done to a run; this file knows only how the kernel shows groups,
and that any of them may vanish between two looks.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "lictor"
"""Directory that holds the groups of all runs."""

GONE = (errno.ENOENT, errno.ENODEV)
"""Errors of a group that is not there, or went while a file of it was open."""

_OCTAL = re.compile(r"\\([0-7]{3})")


class CgroupError(Exception):
    """A control group cannot be used as asked; the text is one line and names the next step."""


@dataclass(frozen=True)
class Place:
    """A directory that runs' groups may be made in.

    ``path`` is how ``/proc/<pid>/cgroup`` names that directory.
    """

    directory: Path
    path: str


def cgroup2_mount(mountinfo: str) -> Path:
    """Mount point of the cgroup v2 tree, from the text of ``/proc/self/mountinfo``.

    Raises ``CgroupError`` when there is none.
    """
    return _cgroup2(mountinfo)[1]


def own_cgroup(cgroup: str) -> str:
    """Path in the cgroup v2 tree from the text of ``/proc/<pid>/cgroup``; raises ``CgroupError`` when it names none."""
    for line in cgroup.splitlines():
        hierarchy, _, path = line.split(":", 2)
        if hierarchy == "0":
            return path.removesuffix(" (deleted)")
    raise CgroupError("this process is in no cgroup v2 group; mount one: mount -t cgroup2 none /sys/fs/cgroup")


def places(mountinfo: str | None = None, cgroup: str | None = None) -> list[Place]:
    """Where runs' groups may be made, best first: below the root of the tree, else below our own group.

    Reads ``/proc/self/mountinfo`` and ``/proc/self/cgroup`` unless their texts are given.
    """
    root, mount = _cgroup2(_proc("mountinfo") if mountinfo is None else mountinfo)
    own = own_cgroup(_proc("cgroup") if cgroup is None else cgroup)
    found = [Place(mount / FOLDER, str(PurePosixPath(root) / FOLDER))]
    # With a container's mount, its root is a group further down, and our own lies below that.
    if own != root and PurePosixPath(own).is_relative_to(root):
        below = PurePosixPath(own).relative_to(root)
        found.append(Place(mount / below / FOLDER, str(PurePosixPath(own) / FOLDER)))
    return found


def directory(path: str, mountinfo: str | None = None) -> Path:
    """Where the file system shows the group that ``/proc/<pid>/cgroup`` calls ``path``.

    The mount point, for a group that is not below what the mount shows.
    """
    root, mount = _cgroup2(_proc("mountinfo") if mountinfo is None else mountinfo)
    if not PurePosixPath(path).is_relative_to(root):
        return mount
    return mount / PurePosixPath(path).relative_to(root)


def _proc(name: str) -> str:
    return Path("/proc/self", name).read_text(encoding="utf-8", errors="surrogateescape")


def _cgroup2(mountinfo: str) -> tuple[str, Path]:
    """(group shown at the mount point, mount point); a mount that shows the whole tree is preferred."""
    found = sorted(_cgroup2_mounts(mountinfo), key=lambda mount: mount[0] != "/")
    if not found:
        raise CgroupError("no cgroup v2 mount; mount one: mount -t cgroup2 none /sys/fs/cgroup")
    return found[0]


def _cgroup2_mounts(mountinfo: str) -> Iterator[tuple[str, Path]]:
    for line in mountinfo.splitlines():
        # Optional fields end with a lone dash; the type of the file system follows it.
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if dash and right.split(" ", 1)[0] == "cgroup2" and len(fields) > 4:
            yield _unescape(fields[3]), Path(_unescape(fields[4]))


def _unescape(text: str) -> str:
    """Undo mountinfo's octal escapes of space, tab, newline and backslash."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)


def open_events(directory: Path) -> int | None:
    """A descriptor of a group's ``cgroup.events``; ``None`` when the group is gone, or going at this moment (ENODEV)."""
    try:
        return os.open(directory / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise


def read_events(descriptor: int) -> dict[str, int]:
    """``cgroup.events`` through an open descriptor; empty once the group is removed.

    Reading also arms the next ``poll`` on the descriptor.
    """
    try:
        text = os.pread(descriptor, 4096, 0).decode("ascii")
    except OSError as error:
        if error.errno in GONE:
            return {}
        raise
    return {key: int(value) for key, value in (line.split() for line in text.splitlines())}


def events(directory: Path) -> dict[str, int]:
    """``cgroup.events`` of a group; empty when the group is gone."""
    descriptor = open_events(directory)
    if descriptor is None:
        return {}
    try:
        return read_events(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, text: str) -> None:
    """Write one control file. (No ``write_text``: it would truncate, and hide a late error in close.)"""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def members(directory: Path) -> list[int]:
    """Pids right in a group; none when it is gone or threaded (its processes then stand in the group above)."""
    try:
        text = (directory / "cgroup.procs").read_text(encoding="ascii")
    except OSError as error:
        if error.errno in (*GONE, errno.EOPNOTSUPP):
            return []
        raise
    return [pid for pid in map(int, text.split()) if pid > 0]  # 0: a process outside our pid namespace


def children(directory: Path) -> list[Path]:
    """Groups right below a group; none when it is gone."""
    try:
        with os.scandir(directory) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError as error:
        if error.errno in GONE:
            return []
        raise


def subtree(directory: Path) -> Iterator[Path]:
    """The group itself and every group below it, parents first."""
    waiting = [directory]
    while waiting:
        yield (current := waiting.pop())
        waiting.extend(children(current))


def remove_tree(directory: Path) -> bool:
    """Remove a group and those below it, deepest first; false when one is busy or was made meanwhile."""
    for group in list(subtree(directory))[::-1]:
        try:
            group.rmdir()
        except OSError as error:
            if error.errno in GONE:
                continue
            if error.errno in (errno.EBUSY, errno.ENOTEMPTY):
                return False
            raise
    return True


def lock(directory: Path) -> int | None:
    """Open and lock a group's directory; ``None`` when somebody holds it or it is gone.

    The kernel drops the lock with its last holder, however that one ends.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def in_run_cgroup(pid: int) -> bool:
    """Whether a process is in the cgroup of some run, of whichever Lictor; false when it is gone."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="surrogateescape")
        return f"/{FOLDER}/" in own_cgroup(text)
    except (OSError, CgroupError):
        return False
