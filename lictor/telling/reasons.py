"""Writes why a run was stopped into a file in its folder: a JSON object per line, bounded, for hooks to read.

The times of its lines only ever go forward, so that a reader can say by a time what it knows already, also after the
file was started anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lictor.telling.believed import REASONS_FILE
from lictor.telling.stopped import Stopped

LARGEST = 1 << 20
"""Bytes after which the file is started anew."""

KEPT = 256 << 10
"""Bytes of the old file, at its end, that the new one starts with."""

AT_ONCE = 32
"""Lines that are appended in one go at most: with the longest texts they still fit into a new file."""

_LONGEST = 512
"""Characters of a text that are kept; in JSON each may take six bytes."""

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class Reasons:
    """The file of one run, in a folder that is there; ``clock`` gives ns since 1970."""

    folder: Path
    clock: Callable[[], int]
    _last: int = 0

    @property
    def path(self) -> Path:
        """The file; it is there from the first line on."""
        return self.folder / REASONS_FILE

    def add(self, rows: Sequence[Stopped]) -> None:
        """Append a line for each of at most ``AT_ONCE`` and read them back.

        Raises ``OSError`` with the cause; no half line is left then.
        """
        data = b"".join(self._line(row) for row in rows)
        descriptor = os.open(self.path, _APPEND, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            if size + len(data) > LARGEST:
                os.close(descriptor)
                descriptor = self._start_anew(size)
                size = os.fstat(descriptor).st_size
            os.fchmod(descriptor, 0o644)
            _append(descriptor, data, size)
        finally:
            os.close(descriptor)
        if _end_of(self.path, len(data)) != data:
            raise OSError("what was written is not what stands at its end")

    def _line(self, row: Stopped) -> bytes:
        fields = {
            "time": self._time(), "operation": row.operation, "object": row.object, "rule": row.rule,
            "action": row.action, "because": row.because, "instead": row.instead, "pid": row.pid, "exe": row.exe,
        }  # fmt: skip
        cut = {name: value[:_LONGEST] if isinstance(value, str) else value for name, value in fields.items()}
        return json.dumps(cut, separators=(",", ":")).encode() + b"\n"

    def _time(self) -> str:
        """ISO 8601 in UTC with microseconds, later than the one before whatever the clock says."""
        self._last = max(self.clock() // 1000, self._last + 1)
        seconds, micros = divmod(self._last, 1_000_000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"

    def _start_anew(self, size: int) -> int:
        """Put a file with the end of the old one in its place; a reader has either of them whole."""
        kept = _end_of(self.path, min(size, KEPT))
        draft = self.folder / f".{REASONS_FILE}"
        with suppress(FileNotFoundError):
            draft.unlink()
        descriptor = os.open(draft, _NEW | os.O_APPEND, 0o644)
        try:
            _append(descriptor, kept.partition(b"\n")[2] if size > KEPT else kept, 0)
            draft.rename(self.path)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _append(descriptor: int, data: bytes, size: int) -> None:
    written = os.write(descriptor, data)
    if written < len(data):
        os.ftruncate(descriptor, size)
        raise OSError(f"only {written} of {len(data)} bytes could be written")


def _end_of(path: Path, length: int) -> bytes:
    """The last bytes of a file, through a descriptor of its own."""
    descriptor = os.open(path, _READ)
    try:
        return os.pread(descriptor, length, max(0, os.fstat(descriptor).st_size - length))
    finally:
        os.close(descriptor)
