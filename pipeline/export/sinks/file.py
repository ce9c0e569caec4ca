"""A file with one payload a line, for collectors that follow files: durable batch by batch, rotated by size or age.

A batch is in the file with ``fdatasync`` before it counts as accepted. A crash in between leaves whole lines, which are
repeats that their ids tell, and perhaps a partial last one, which the next start cuts off: it was never accepted.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.export.errors import ExportError
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import lines
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings, again
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 1 << 16
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)  # the name may be a pipe; Windows has neither


@dataclass(frozen=True)
class Rotation:
    """When the file is put aside: at so many bytes or seconds (0 is never), and how many old ones are kept (0 is all)."""

    size: int = 0
    age: float = 0.0
    keep: int = 0


class FileSink:
    """One file, held under a lock so that two exports never mix in it. Raises ``ExportError`` where it cannot be used."""

    limits = Limits(events=20_000, bytes=16 << 20)

    def __init__(
        self,
        path: Path,
        rotation: Rotation | None = None,
        *,
        fresh: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``fresh``: the file must be new or empty. ``clock`` tells seconds since 1970."""
        self._path = path
        self._rotation = rotation or Rotation()
        self._clock = clock
        self._fd = -1
        self._size = 0
        self._begun = 0.0
        try:
            self._open(fresh=fresh)
        except OSError as error:
            self.close()
            raise ExportError(f"{path}: cannot be written ({error.strerror}): name another file with --to") from None
        except ExportError:
            self.close()
            raise

    def send(self, batch: Batch) -> Outcome:
        """Append the batch, all of it or nothing."""
        data = lines(batch)
        try:
            self._rotate(len(data))
            self._append(data)
        except OSError as error:
            return again(batch, f"{self._path}: {error.strerror or error}")
        return ACCEPTED

    def close(self) -> None:
        """Close the file, which ends the lock."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self, *, fresh: bool) -> None:
        new = not self._path.exists()
        self._fd = files.opened(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NEVER_WAIT)
        found = os.fstat(self._fd)
        if not stat.S_ISREG(found.st_mode):
            raise ExportError(f"{self._path}: not a plain file: write to standard output with --to - instead")
        if fresh and found.st_size:
            raise ExportError(
                f"{self._path}: is there already and not empty: remove it, name another file, or append with option append=true"
            )
        if not files.try_lock(self._fd):
            raise ExportError(f"{self._path}: another export writes to it: name another file with --to")
        self._size = self._repaired(found.st_size)
        # A file that goes on counts its age from its last change, the only time that is known of it.
        self._begun = self._clock() if new or not self._size else min(found.st_mtime, self._clock())
        if new:
            files.sync_folder(self._path.absolute().parent)

    def _repaired(self, size: int) -> int:
        """Cut off what stands behind the last line feed; returns the size that is left."""
        end = size
        while end:
            start = max(0, end - _BLOCK)
            found = files.read_at(self._fd, end - start, start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end != size:
            os.ftruncate(self._fd, end)
            os.fsync(self._fd)
        return end

    def _append(self, data: memoryview) -> None:
        try:
            written = 0
            while written < len(data):
                written += os.write(self._fd, data[written:])
            files.sync(self._fd)
        except OSError:
            # Half a batch would come twice: take it back, so that the file is as if nothing had been tried.
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(data)

    def _rotate(self, coming: int) -> None:
        too_big = self._rotation.size and self._size and self._size + coming > self._rotation.size
        too_old = self._rotation.age and self._size and self._clock() - self._begun >= self._rotation.age
        if not (too_big or too_old):
            return
        self._path.rename(self._aside())
        files.sync_folder(self._path.absolute().parent)
        old, self._fd = self._fd, -1
        os.close(old)
        self._open(fresh=False)
        self._forget()

    def _aside(self) -> Path:
        """A name that is free and sorts by time: ``x.jsonl.20260921T141320Z-0001``."""
        moment = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%dT%H%M%SZ")
        before = self._old(f"{moment}-[0-9]*")
        number = int(before[-1].name.rpartition("-")[2]) + 1 if before else 1
        return self._path.with_name(f"{self._path.name}.{moment}-{number:04d}")

    def _old(self, ending: str = "[0-9]*T[0-9]*Z-[0-9]*") -> list[Path]:
        """Files that were put aside, oldest first."""
        return sorted(self._path.absolute().parent.glob(f"{glob.escape(self._path.name)}.{ending}"))

    def _forget(self) -> None:
        if self._rotation.keep:
            for path in self._old()[: -self._rotation.keep]:
                path.unlink(missing_ok=True)


def open_sink(address: Address, settings: Settings) -> FileSink:
    """``file:///path``; options ``rotate_size``, ``rotate_age``, ``keep``, and ``append`` for files with content."""
    options = Options(address, settings.options, settings.secrets)
    rotation = Rotation(options.size("rotate_size", 0), options.seconds("rotate_age", 0), options.number("keep", 0, 0))
    append = options.flag("append", default=settings.follow)
    options.done()
    if address.netloc not in {"", "localhost"} or not address.path.startswith("/"):
        raise ExportError(f"{address.shown}: a file's URL has three slashes: file:///var/log/lictor.jsonl")
    if address.path.endswith("/"):
        raise ExportError(f"{address.shown}: names a folder: add the name of a file")
    return FileSink(Path(address.path), rotation, fresh=not append)
