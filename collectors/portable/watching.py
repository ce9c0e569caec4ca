"""watchdog's observer for this system: Linux's with an account of what it cannot do, others' as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from collectors.portable.machine import LINUX

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

    from collectors.portable.trouble import Trouble


LOOK_UP_S = 0.25
"""How often watchdog's thread on Windows looks whether it is to end; a second by itself, and the end of a run waits for it."""


class Watching(Protocol):
    """An observer, and what else is asked of it."""

    observer: BaseObserver

    def quiet(self) -> bool:
        """Whether all that came by now has been passed on."""
        ...

    def close(self) -> None:
        """End its threads."""
        ...


def watching(trouble: Trouble) -> Watching:
    """The observer, not started; raises ``OSError``."""
    if LINUX:
        from collectors.portable.inotify import InotifyWatching  # noqa: PLC0415 - it cannot be imported elsewhere

        return InotifyWatching(trouble)
    return _Other()


class _Other:
    """FSEvents or kqueue: they say nothing about what they miss."""

    def __init__(self) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - it is Linux's on Linux

        self.observer: BaseObserver = Observer(timeout=LOOK_UP_S)

    def quiet(self) -> bool:
        return True

    def close(self) -> None:
        self.observer.stop()
        if self.observer.is_alive():
            self.observer.join()
