"""One write-ahead log file: frames appended, made durable, and locked by who writes it.

The lock tells the living from the dead: whoever can take it may seal the file,
because its writer is gone. The file gets its name only after it is locked and has its header,
so nobody ever sees one that is neither.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pipeline.lake import frames, layout
from pipeline.lake.errors import LakeError, explain
from pipeline.lake.system import files

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


class Wal:
    """A log file that this process may write and seal; made by ``create`` or ``adopt``."""

    def __init__(self, path: Path, fd: int, chain: bytes) -> None:
        self.path = path
        self.fd = fd
        self.chain = chain
        self.size = os.fstat(fd).st_size
        self.broken: LakeError | None = None

    @property
    def stem(self) -> str:
        """``<writer>-<n>``: what the segments made of this log are called as well."""
        return self.path.stem

    @classmethod
    def create(cls, path: Path, header: dict[str, Any]) -> Wal:
        """Start a log; ``header`` says who writes it. Raises ``OSError``; then nothing is left behind."""
        hidden = path.with_name(path.name + ".new")
        fd = _locked_new(hidden)
        try:
            buffers, chain = frames.encode_header(header)
            files.write(fd, buffers)
            os.fsync(fd)
            files.replace(hidden, path)
            files.sync_folder(path.parent)
        except OSError:
            os.close(fd)
            hidden.unlink(missing_ok=True)
            raise
        return cls(path, fd, chain)

    @classmethod
    def adopt(cls, path: Path) -> Wal | None:
        """Take over a log whose writer is gone; ``None`` while it lives, or when the file is gone."""
        try:
            fd = files.opened(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        if not files.try_lock(fd):
            os.close(fd)
            return None
        if not _named(path, fd):  # its owner sealed and removed it between open and lock; a feed may still hold a link
            os.close(fd)
            return None
        return cls(path, fd, frames.START)

    def append(self, table: str, rows: pa.RecordBatch | pa.Table) -> None:
        """Write one frame (not yet durable). Raises ``LakeError``; then the log is as it was before."""
        if self.broken:
            raise self.broken
        buffers, chain = frames.encode(table, rows, self.chain)
        try:
            written = files.write(self.fd, buffers)
        except OSError as error:
            self._cut_back()
            raise explain(error, self.path.parent, "writing the log") from error
        self.chain = chain
        self.size += written

    def sync(self) -> None:
        """Make every frame durable. Raises ``LakeError``."""
        if self.broken:
            raise self.broken
        try:
            files.sync(self.fd)
        except OSError as error:
            # The kernel drops failed pages, and a second try would say that all is well.
            self.broken = explain(error, self.path.parent, "making the log durable")
            raise self.broken from error

    def _cut_back(self) -> None:
        """Remove half a frame after a failed write, so that later frames are not lost behind it."""
        try:
            os.ftruncate(self.fd, self.size)
            os.lseek(self.fd, self.size, os.SEEK_SET)
        except OSError as error:
            self.broken = explain(error, self.path.parent, "repairing the log after a failed write")

    def remove(self) -> None:
        """Delete the file (after its rows are committed elsewhere) and let go of it."""
        files.remove(self.path)
        files.sync_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Let go of the file and its lock; safe to call twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _locked_new(path: Path) -> int:
    """A new file that is locked; one that somebody's recovery took for a leftover before it was locked is made again."""
    while True:
        fd = layout.create(path, exclusive=True)
        files.lock(fd)
        if _named(path, fd):
            return fd
        os.close(fd)


def _named(path: Path, fd: int) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
