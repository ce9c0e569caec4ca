"""The files and folders that runs are about, under watchdog: watched where they are, waited for where they are not yet.

A place that is a file is watched by its folder; one that does not exist by the nearest folder that does, and it is
looked again whether it has come. A place of which somebody took the top away is waited for in the same way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.interface import anything
from collectors.portable.touches import EVENTS
from collectors.portable.trouble import Trouble

if TYPE_CHECKING:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.api import BaseObserver, ObservedWatch

MOST_FOLDERS = 20_000
"""Folders below a place that a policy names; a larger one, such as a system's, is not watched, and that is said."""


@dataclass(frozen=True)
class _Scope:
    """What one run is about."""

    workspace: str
    others: frozenset[str]
    concerns: Callable[[str], bool]

    def fit(self, path: str) -> int:
        """Length of the place that a path lies in; 0 where the run is not about it."""
        if _place_of(path, (self.workspace,)):
            return len(self.workspace)
        size = len(_place_of(path, self.others))
        return size if size and self.concerns(path) else 0


class Places:
    """Which run each place belongs to, and the watches that see to it."""

    def __init__(
        self, observer: BaseObserver, handler: FileSystemEventHandler, trouble: Trouble, own: Sequence[Path]
    ) -> None:
        self._observer = observer
        self._handler = handler
        self._trouble = trouble
        self._own = frozenset(str(path) for path in own)
        self._scopes: Mapping[int, _Scope] = {}
        """Replaced and never changed: watchdog's threads read it."""
        self._watches: dict[tuple[str, bool], ObservedWatch] = {}
        self._vast: set[str] = set()

    def heed(self, number: int, places: Sequence[Path], concerns: Callable[[str], bool] = anything) -> None:
        """Watch for a run; the first place is its workspace, of which all counts, and which is watched whatever its size."""
        workspace, *others = map(str, places)
        self._scopes = {**self._scopes, number: _Scope(workspace, frozenset(others), concerns)}
        for place in others:
            if place not in self._vast and Path(place).is_dir() and _folders(place) > MOST_FOLDERS:
                self._vast.add(place)
                line = f"{place} is not watched: more than {MOST_FOLDERS:,} folders"
                self._trouble.note("place_too_large", line, standing=True)
        self.renew()

    def drop(self, number: int) -> None:
        """The run is over."""
        self._scopes = {other: scope for other, scope in self._scopes.items() if other != number}
        self.renew()

    def wanted(self, path: str) -> bool:
        """Whether any run is about a path, and it is none that Lictor itself writes. Called from watchdog's threads too."""
        return not _place_of(path, self._own) and any(scope.fit(path) for scope in self._scopes.values())

    def runs(self, path: str) -> list[int]:
        """Numbers of the runs that a path is about, those with the nearest place only."""
        fits = {number: size for number, scope in self._scopes.items() if (size := scope.fit(path))}
        return [number for number, size in fits.items() if size == max(fits.values())]

    def renew(self) -> None:
        """Watch what has come, let go what has gone or is no longer asked for."""
        if not self._observer.is_alive():
            self._trouble.note(
                "watching_ended", "files are no longer watched: watchdog's thread has ended", standing=True
            )
        needed = set(self._needed())
        # Watchdog ends the thread of a watch whose top was removed.
        living = {emitter.watch for emitter in self._observer.emitters if emitter.is_alive()}
        self._let_go([key for key, watch in self._watches.items() if key not in needed or watch not in living])
        for path, recursive in sorted(needed - self._watches.keys()):
            try:
                watch = self._observer.schedule(self._handler, path, recursive=recursive, event_filter=EVENTS)
            except OSError:  # noted where it was refused; or the folder went at this moment
                continue
            self._watches[path, recursive] = watch

    def _let_go(self, keys: Collection[tuple[str, bool]]) -> None:
        """End watches: all threads are told first, since watchdog waits for each, which on Windows looks up but now and then."""
        watches = {self._watches.pop(key) for key in keys}
        for emitter in self._observer.emitters:
            if emitter.watch in watches:
                emitter.stop()
        for watch in watches:
            self._observer.unschedule(watch)

    def _needed(self) -> Iterator[tuple[str, bool]]:
        for scope in self._scopes.values():
            for place in (scope.workspace, *(scope.others - self._vast)):
                yield from _watch_for(place)


def _watch_for(place: str) -> Iterator[tuple[str, bool]]:
    """The folder to watch for a place, and whether with all below it."""
    if os.path.isdir(place):  # noqa: PTH112 - hundreds of places, again and again
        yield behind(place), True
        return
    top = _above(place)
    while top and not os.path.isdir(top):  # noqa: PTH112 - see above
        top = _above(top)
    if top:
        yield top, False


def behind(place: str) -> str:
    """A folder as watchdog follows it: it watches a link itself, and not where that leads, unless something comes behind it."""
    return f"{place}/." if os.path.islink(place) else place  # noqa: PTH114 - see ``_watch_for``


def _place_of(path: str, places: Collection[str]) -> str:
    """The nearest of some places that a path is or lies in; empty for none."""
    while path and path not in places:
        path = _above(path)
    return path


def _above(path: str) -> str:
    """The folder that a path lies in; empty for the root."""
    return "" if path == os.sep else path.rpartition(os.sep)[0] or os.sep


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
