"""Places of files: a folder by descriptor and a name in it, never followed through a symbolic link.

A name can be swapped at any moment by whoever may write to its folder. So a file is known by
its inode, looked at before and after each rename, and a rename that caught another one is undone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from enforcer.vault import calls
from enforcer.vault.record import VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Displaced(Exception):  # noqa: N818 - a state of the disk, not an error of the program
    """Another file was caught by a rename and its old name was taken at once; it has the new name now."""


@contextlib.contextmanager
def folder_of(path: str) -> Iterator[tuple[int, str]]:
    """Descriptor of the folder of an absolute path, and the last name; no part may be a symbolic link.

    Raises ``VaultError`` where the folder is missing or is reached through a link.
    """
    pure = PurePosixPath(path)
    if not pure.is_absolute() or ".." in pure.parts or len(pure.parts) < 2:
        raise VaultError(f"{path}: not an absolute path of a file")
    here = os.open("/", os.O_RDONLY | _FOLDER)
    try:
        for part in pure.parts[1:-1]:
            below = _step(here, part, path)
            os.close(here)
            here = below
        yield here, pure.name
    finally:
        os.close(here)


def _step(folder: int, part: str, path: str) -> int:
    try:
        return os.open(part, os.O_RDONLY | _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise VaultError(f"{path}: {part} is a symbolic link or no folder; name the real path") from error
        raise VaultError(f"{path}: {os.strerror(error.errno or 0)} at folder {part}") from error


@contextlib.contextmanager
def opened(folder: int, name: str) -> Iterator[int]:
    """A readable descriptor of a regular file; raises ``VaultError`` for everything else.

    First by ``O_PATH``, which opens nothing: reading a pipe would hang, and a device would act.
    """
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        _refuse_others(os.fstat(handle).st_mode, name)
        descriptor = _reopen(handle)
    finally:
        os.close(handle)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_others(mode: int, name: str) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISLNK(mode):
        raise VaultError(f"{name} is a symbolic link, which is not followed; name the file itself")
    kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
    raise VaultError(f"{name} is {kind}; only regular files are quarantined")


def _reopen(handle: int) -> int:
    path = f"/proc/self/fd/{handle}"
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError:
        if os.fstat(handle).st_uid != os.geteuid() or stat.S_IMODE(os.fstat(handle).st_mode):
            raise
    os.chmod(path, stat.S_IRUSR)  # noqa: PTH101 - our own file without any mode, as the vault of a plain user keeps them
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.chmod(path, 0)  # noqa: PTH101


def inode_of(descriptor: int) -> tuple[int, int]:
    """(device, number) of an open file."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def path_of(file: int) -> str:
    """The name under which the kernel knows an open file."""
    found = os.readlink(f"/proc/self/fd/{file}")  # noqa: PTH115
    if not os.fstat(file).st_nlink or found.endswith(" (deleted)"):
        raise VaultError("the file was deleted before it could be moved")
    return found


def inode_at(folder: int, name: str) -> tuple[int, int] | None:
    """(device, number) of what has the name now; ``None`` where nothing has."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def is_file(folder: int, name: str, inode: tuple[int, int], mtime_ns: int) -> bool:
    """Whether the name is that of a file that a record tells of, maybe before a restart of the machine.

    Device numbers change with a restart and inode numbers are used again, so the latter counts
    only along with the time of the last change, or with a mode that nobody but the vault gives.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    ours = found.st_mtime_ns == mtime_ns or not stat.S_IMODE(found.st_mode)
    return found.st_ino == inode[1] and stat.S_ISREG(found.st_mode) and ours


def move(source: int, name: str, target: int, new: str, inode: tuple[int, int]) -> bool:
    """Rename the file of this inode; false, with everything as it was, when the name is another's.

    Raises ``Displaced`` when another file was caught and could not be put back, ``OSError`` with
    ``EXDEV`` when the target is on another file system.
    """
    if inode_at(source, name) != inode:
        return False
    try:
        calls.rename_noreplace(source, name, target, new)
    except FileNotFoundError:
        return False
    if inode_at(target, new) == inode:
        return True
    try:
        calls.rename_noreplace(target, new, source, name)
    except FileExistsError:
        raise Displaced(name) from None
    return False


def remove(folder: int, name: str, aside: str, inode: tuple[int, int]) -> bool:
    """Unlink the file of this inode, by way of a name that nobody else uses; false when the name is another's."""
    if inode_at(folder, aside) != inode and not move(folder, name, folder, aside, inode):
        return False
    try:
        os.unlink(aside, dir_fd=folder)
    except OSError:
        calls.rename_noreplace(folder, aside, folder, name)
        raise
    os.fsync(folder)
    return True
