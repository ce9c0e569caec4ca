"""Linux's inotify under watchdog, with an account of what watchdog keeps to itself.

Below a place, watchdog passes over folders that cannot be watched (the user's limit is reached, or they may not be
read), and a queue that ran over is only a line in a log. Here both are counted.
"""

from __future__ import annotations

import errno
import logging
import time
import warnings

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import CallbackId, InotifyEvent, InotifyFD, Mask, WatchCallback, WatchDescriptor

from collectors.portable.trouble import Trouble

logging.getLogger("watchdog").addHandler(logging.NullHandler())  # else its warnings go between the command's own lines
# The same; this one is about a new folder that watchdog found and was told of, both at once, which harms nothing.
warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)

MOVE_WAIT_S = 0.6
"""watchdog holds a move back for half a second, in case its other half comes."""


AGAIN_S = 1.0
"""How long a file counts as being written to: until then further writes of it go no further than here."""
_MOST_WRITTEN = 10_000


class CountingInotify(InotifyFD):
    """One inotify instance that remembers what it could not do."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble
        self.last_event = self.last_move = 0.0
        """When the newest event, and the newest half of a move, came (monotonic clock)."""
        self._written: dict[tuple[int, bytes], float] = {}

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        """Watch one folder; see ``InotifyFD``."""
        try:
            found = super().add_callback(path, mask, callback, id_)
        except OSError as error:
            self._trouble.refused(path, limit=error.errno == errno.ENOSPC)
            raise
        if found == -1:  # what watchdog makes of EACCES
            self._trouble.refused(path, limit=False)
        return found

    def handle_event(self, event: InotifyEvent) -> None:
        """Note when it came; see ``InotifyFD``."""
        self.last_event = time.monotonic()
        if event.is_moved_from:
            self.last_move = self.last_event
        if event.is_queue_overflow:
            self._trouble.overflowed()
        if not self._is_again(event):
            super().handle_event(event)

    def _is_again(self, event: InotifyEvent) -> bool:
        """Whether it is one more write of a file: a log that grows all the time would cost three threads a step each."""
        file = event.wd, event.name
        if not event.is_modify:
            if event.is_close_write:
                self._written.pop(file, None)
            return False
        again = self.last_event - self._written.get(file, -AGAIN_S) < AGAIN_S
        if not again:
            if len(self._written) > _MOST_WRITTEN:
                self._written.clear()
            self._written[file] = self.last_event
        return again


class InotifyWatching:
    """An observer on an instance of our own."""

    def __init__(self, trouble: Trouble) -> None:
        """Raises ``OSError`` where this user has no inotify instance left."""
        self._inotify = CountingInotify(trouble)
        self._inotify.start()
        self.observer = BaseObserver(InotifyEmitter, inotify_fd=self._inotify)

    def quiet(self) -> bool:
        """Whether all that came by now has been passed on."""
        now = time.monotonic()
        return now - self._inotify.last_event > 0.03 and now - self._inotify.last_move > MOVE_WAIT_S

    def close(self) -> None:
        """End its threads."""
        self.observer.stop()
        if self.observer.is_alive():
            self.observer.join()
        self._inotify.stop()
        self._inotify.join()
