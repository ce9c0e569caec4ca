"""Policy files that change while they are in force: told by the file system, read when they are quiet.

Editors write a file in steps, or put a new one in its place; so the folders are watched, and a
change counts when nothing has happened for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from collectors.portable.watching import LOOK_UP_S

QUIET_S = 0.2


class PolicyFiles(FileSystemEventHandler):
    """Watches files; ``changed`` is asked by the thread that does everything else."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._files: frozenset[str] = frozenset()
        self._folders: frozenset[str] = frozenset()
        self._touched: float | None = None
        self._observer = Observer(timeout=LOOK_UP_S)

    def watch(self, files: Iterable[str]) -> None:
        """Watch these files, and no others any more; raises ``OSError`` where the system has no watches left."""
        paths = frozenset(str(Path(f).absolute()) for f in files)
        folders = frozenset(str(Path(p).parent) for p in paths)
        with self._lock:
            self._files = paths
        if folders == self._folders:
            return
        self._observer.unschedule_all()
        self._folders = folders
        for folder in folders:
            self._observer.schedule(self, folder, recursive=False)
        if not self._observer.is_alive():
            self._observer.start()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by the observer's thread."""
        names = {str(event.src_path), str(event.dest_path)}
        with self._lock:
            if event.event_type not in ("opened", "closed_no_write") and names & self._files:
                self._touched = self._clock()

    def changed(self) -> bool:
        """Whether a file was changed and has been quiet since; tells each change once."""
        with self._lock:
            if self._touched is None or self._clock() - self._touched < QUIET_S:
                return False
            self._touched = None
            return True

    def close(self) -> None:
        """Stop watching."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2.0)
