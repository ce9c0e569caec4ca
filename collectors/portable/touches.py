"""From watchdog's events to what was done: one open for writing is one row, however often it was written to.

watchdog calls from threads of its own; what it tells is kept until it is taken, up to a limit, and counted beyond.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent, FileModifiedEvent, FileClosedEvent, FileDeletedEvent, FileMovedEvent,
    DirCreatedEvent, DirDeletedEvent, DirMovedEvent,
]  # fmt: skip
"""What is asked for; reads would be an event for each look into a file, by anybody."""

MOST = 100_000
"""Events that are kept until they are taken."""
STILL_S = 2.0
"""After this long without an event a file counts as no longer being written: not every system tells of the close."""
TWICE_S = 1.0
"""A name that was made cannot be made again. Watchdog tells so all the same of what lies in a folder that is new itself:
once since it found it there, and once since the system told it.
"""

_OPERATION: dict[type[FileSystemEvent], str] = {
    FileCreatedEvent: "file.create", FileDeletedEvent: "file.delete", FileMovedEvent: "file.rename",
    DirCreatedEvent: "file.mkdir", DirDeletedEvent: "file.delete", DirMovedEvent: "file.rename",
}  # fmt: skip


@dataclass(frozen=True)
class Touch:
    """Something was done to a path; ``time_ns`` (since 1970) is when it was told."""

    time_ns: int
    operation: str
    path: str
    path_to: str | None = None


class Touches(FileSystemEventHandler):
    """Collects touches of the paths that ``wanted`` says yes to."""

    def __init__(self, wanted: Callable[[str], bool], wake: Event) -> None:
        self._wanted = wanted
        self._wake = wake
        self._lock = Lock()
        self._kept: list[Touch] = []
        self._dropped = 0
        self._writing: dict[str, float] = {}
        self._made: dict[str, float] = {}

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take one event in; called by watchdog."""
        if event.is_synthetic:  # a moved folder's content, which nobody touched
            return
        path, to = _named(event.src_path), _named(event.dest_path) or None
        if not self._wanted(path) and not (to and self._wanted(to)):
            return
        with self._lock:
            operation = self._operation(event, path)
            if operation is None:
                return
            if len(self._kept) < MOST:
                self._kept.append(Touch(time.time_ns(), operation, path, to))
            else:
                self._dropped += 1
        self._wake.set()

    def _operation(self, event: FileSystemEvent, path: str) -> str | None:
        now = time.monotonic()
        if isinstance(event, FileClosedEvent):
            return None if self._writing.pop(path, None) is not None else "file.write"
        if isinstance(event, FileModifiedEvent):
            known = now - self._writing.get(path, -STILL_S) < STILL_S
            self._writing[path] = now
            return None if known else "file.write"
        if isinstance(event, FileCreatedEvent):
            self._writing[path] = now
        elif isinstance(event, (FileDeletedEvent, FileMovedEvent)):
            self._writing.pop(path, None)
        operation = None if self._is_told_again(event, path, now) else _OPERATION.get(type(event))
        for table in (self._writing, self._made):
            if len(table) > MOST:
                table.clear()
        return operation

    def _is_told_again(self, event: FileSystemEvent, path: str, now: float) -> bool:
        """Whether the making of a name was told a moment ago, and its end not since."""
        if not isinstance(event, (FileCreatedEvent, DirCreatedEvent)):
            self._made.pop(path, None)
            return False
        before = self._made.get(path, -TWICE_S)
        self._made[path] = now
        return now - before < TWICE_S

    def take(self) -> tuple[list[Touch], int]:
        """What came since the last call, and how many were dropped."""
        with self._lock:
            kept, self._kept = self._kept, []
            dropped, self._dropped = self._dropped, 0
        return kept, dropped


def _named(path: bytes | str) -> str:
    """A path without the dot that stands behind a link in its place (see ``places.behind``)."""
    return os.fsdecode(path).replace("/./", "/", 1).removesuffix("/.")
