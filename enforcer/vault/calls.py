"""System calls that Python has no function for: a rename that replaces nothing, and the flags of an inode.

Apart from the rest so that tests can stop the program before and after each of them.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct

IMMUTABLE = 0x10
APPEND = 0x20
KEPT = IMMUTABLE | APPEND | 0x40 | 0x80
"""The flags that are kept: immutable, append-only, no dump, no atime. Others belong to the file system."""

_GET_FLAGS = 0x80086601
_SET_FLAGS = 0x40086602
_NOREPLACE = 1
_UNKNOWN = (errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)

_libc = ctypes.CDLL(None, use_errno=True)


def rename_noreplace(source: int, name: str, target: int, new: str) -> None:
    """Rename (folder descriptor, name) to another; ``FileExistsError`` when the new name is taken.

    Where the file system cannot do that in one step the file has both names for a moment.
    """
    if _libc.renameat2(source, os.fsencode(name), target, os.fsencode(new), _NOREPLACE) == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS):
        raise OSError(number, os.strerror(number), new if number == errno.EEXIST else name)
    os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    os.unlink(name, dir_fd=source)


def flags(descriptor: int) -> int:
    """Those of ``KEPT`` that are set; 0 where the file system has none."""
    return _raw_flags(descriptor) & KEPT


def set_flags(descriptor: int, wanted: int) -> None:
    """Set exactly these of ``KEPT``; nothing happens where they are so already."""
    have = _raw_flags(descriptor)
    new = have & ~KEPT | wanted & KEPT
    if new != have:
        fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("i", new))


def _raw_flags(descriptor: int) -> int:
    try:
        (found,) = struct.unpack("i", fcntl.ioctl(descriptor, _GET_FLAGS, b"\0" * 4))
    except OSError as error:
        if error.errno in _UNKNOWN:
            return 0
        raise
    return int(found)
