"""What cannot be watched, counted for the record and said once to the person."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from collectors.portable.rows import clean

UNREAD = "connections_unread"
LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


class Trouble:
    """Reason → how often since the last account. Called from the threads of watchdog as well."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._standing: set[str] = set()
        """Reasons that hold from when they arose to the end."""
        self._lines: dict[str, str] = {}
        self._said: set[str] = set()

    def refused(self, path: bytes | str, *, limit: bool) -> None:
        """A folder cannot be watched: the system's limit is reached, or it may not be read."""
        name = clean(os.fsdecode(path))
        if limit:
            much = _limit()
            self.note(
                "watch_limit",
                f"folders are not watched, the first is {name}: this user's inotify watches are used up{much}; "
                "raise fs.inotify.max_user_watches",
                standing=True,
            )
        elif os.path.lexists(path):
            self.note(
                "unreadable", f"{name} and perhaps others cannot be watched: no right to read them", standing=True
            )

    def overflowed(self) -> None:
        """The system dropped events, nobody knows how many."""
        self.note("inotify_overflow", "file events came faster than they were read: some are lost")

    def missed_connections(self) -> None:
        """A look at the connections came to nothing: what stood only then is not seen."""
        self.note(UNREAD, "the system's table of connections cannot be read at times: some short ones are not seen")

    def note(self, reason: str, line: str, *, count: int = 1, standing: bool = False) -> None:
        """Count a reason; its line is said when it arises first."""
        with self._lock:
            self._counts[reason] = self._counts.get(reason, 0) + count
            if standing:
                self._standing.add(reason)
            self._lines.setdefault(reason, line)

    def say(self) -> None:
        """Tell what is new; from the thread that serves, never from watchdog's."""
        with self._lock:
            lines = [line for reason, line in self._lines.items() if reason not in self._said]
            self._said.update(self._lines)
        for line in lines:
            self._report(line)

    def take(self) -> dict[str, int]:
        """Reasons since the last call, and those that still hold."""
        with self._lock:
            counts, self._counts = self._counts, {}
            return dict.fromkeys(self._standing, 1) | counts


def _limit() -> str:
    try:
        return f" ({LIMIT.read_text(encoding='ascii').strip()})"
    except OSError:
        return ""
