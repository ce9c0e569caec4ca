"""The files and folders that runs are about, under watchdog: watched where they are, waited for where they are not yet.

A place that is a file is watched by its folder; one that does not exist by the nearest folder that does, and it is
looked again whether it has come. A place of which somebody took the top away is waited for in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.portable.touches import EVENTS
from collectors.portable.trouble import Trouble

if TYPE_CHECKING:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

MOST_FOLDERS = 20_000
"""Folders below a place that a policy names; a larger one, such as a system's, is not watched, and that is said."""


class Places:
    """Which run each place belongs to, and the watches that see to it."""

    def __init__(
        self, observer: BaseObserver, handler: FileSystemEventHandler, trouble: Trouble, own: Sequence[Path]
    ) -> None:
        self._observer = observer
        self._handler = handler
        self._trouble = trouble
        self._own = [str(path) for path in own]
        self._places: Mapping[int, list[str]] = {}
        """Replaced and never changed: watchdog's threads read it."""
        self._watches: dict[tuple[str, bool], ObservedWatch] = {}
        self._vast: set[str] = set()

    def heed(self, number: int, places: Sequence[Path]) -> None:
        """Watch for a run; the first place is its workspace, and is watched whatever its size."""
        self._places = {**self._places, number: [str(place) for place in places]}
        for place in self._places[number][1:]:
            if place not in self._vast and Path(place).is_dir() and _folders(place) > MOST_FOLDERS:
                self._vast.add(place)
                line = f"{place} is not watched: more than {MOST_FOLDERS:,} folders"
                self._trouble.note("place_too_large", line, standing=True)
        self.renew()

    def drop(self, number: int) -> None:
        """The run is over."""
        self._places = {other: places for other, places in self._places.items() if other != number}
        self.renew()

    def wanted(self, path: str) -> bool:
        """Whether a path lies in a place of any run, and is none that Lictor itself writes."""
        if any(_inside(path, own) for own in self._own):
            return False
        return any(_inside(path, place) for places in self._places.values() for place in places)

    def runs(self, path: str) -> list[int]:
        """Numbers of the runs that a path is about, those with the nearest place only."""
        fits = [
            (max(len(place) for place in places if _inside(path, place)), number)
            for number, places in self._places.items()
            if any(_inside(path, place) for place in places)
        ]
        return [number for size, number in fits if size == max(fits)[0]]

    def renew(self) -> None:
        """Watch what has come, let go what has gone or is no longer asked for."""
        if not self._observer.is_alive():
            self._trouble.note(
                "watching_ended", "files are no longer watched: watchdog's thread has ended", standing=True
            )
        needed = set(self._needed())
        for key, watch in list(self._watches.items()):
            if key not in needed or not self._lives(watch):
                del self._watches[key]
                self._observer.unschedule(watch)
        for path, recursive in sorted(needed - self._watches.keys()):
            try:
                watch = self._observer.schedule(self._handler, path, recursive=recursive, event_filter=EVENTS)
            except OSError:  # noted where it was refused; or the folder went at this moment
                continue
            self._watches[path, recursive] = watch

    def _needed(self) -> Iterator[tuple[str, bool]]:
        for places in self._places.values():
            for place in places:
                if place not in self._vast:
                    yield from _watch_for(place)

    def _lives(self, watch: ObservedWatch) -> bool:
        """Watchdog ends the thread of a watch whose top was removed."""
        return any(emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters)


def _watch_for(place: str) -> Iterator[tuple[str, bool]]:
    """The folder to watch for a place, and whether with all below it."""
    if Path(place).is_dir():
        yield place, True
        return
    top = next((folder for folder in Path(place).parents if folder.is_dir()), None)
    if top is not None:
        yield str(top), False


def _inside(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _folders(place: str) -> int:
    """Folders below a place, counted no further than is needed."""
    count, todo = 0, [place]
    while todo and count <= MOST_FOLDERS:
        try:
            with os.scandir(todo.pop()) as found:
                below = [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        count += len(below)
        todo += below
    return count
