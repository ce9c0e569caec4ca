"""A file's bytes from one descriptor to another, and their hash; holes stay holes.

In pieces, so that a huge file needs no memory. The hash of the source is taken from the very
bytes that are written; that of the copy is read from it again.
"""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 4 << 30
"""Larger files are neither hashed nor copied when they are taken: a sparse file of a petabyte costs an agent nothing."""

_PIECE = 1 << 20
_ZEROS = bytes(_PIECE)


def digest(descriptor: int) -> str:
    """SHA-256 of everything in the file."""
    total = hashlib.sha256()
    for _, piece in _pieces(descriptor):
        total.update(piece)
    return total.hexdigest()


def copy(source: int, target: int) -> str:
    """Write the source's bytes to the empty target and make them durable; SHA-256 of what was read."""
    total, end = hashlib.sha256(), 0
    for offset, piece in _pieces(source):
        total.update(piece)
        end = offset + len(piece)
        if piece != _ZEROS[: len(piece)]:
            _write(target, piece, offset)
    os.ftruncate(target, end)
    os.fsync(target)
    return total.hexdigest()


def reread(descriptor: int) -> str:
    """SHA-256 of a file that was just written, read from the disk where the kernel lets go of its pages."""
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return digest(descriptor)


def _pieces(descriptor: int) -> Iterator[tuple[int, bytes]]:
    """The file in order, up to the size it has now; a hole is given as zeros without being read."""
    offset, end = 0, os.fstat(descriptor).st_size
    while offset < end:
        data = _seek(descriptor, offset, os.SEEK_DATA, end)
        while offset < data:
            piece = _ZEROS[: data - offset]
            yield offset, piece
            offset += len(piece)
        hole = _seek(descriptor, offset, os.SEEK_HOLE, end)
        while offset < hole:
            piece = os.pread(descriptor, min(_PIECE, hole - offset), offset)
            if not piece:  # it was cut meanwhile
                return
            yield offset, piece
            offset += len(piece)


def _seek(descriptor: int, offset: int, what: int, end: int) -> int:
    try:
        return min(os.lseek(descriptor, offset, what), end)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole behind it
            return end
        return offset if what == os.SEEK_DATA else end  # a file system that knows no holes


def _write(target: int, piece: bytes, offset: int) -> None:
    view = memoryview(piece)
    while view:
        done = os.pwrite(target, view, offset)
        view, offset = view[done:], offset + done
