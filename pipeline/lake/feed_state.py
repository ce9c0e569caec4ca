"""How far a follower has read: which logs are done, and where it stands in those that are not.

Kept small on purpose, since it is written with every commit: a writer's finished logs are ranges of their numbers,
and once many writers have come together they move to a second file that is written only then.

::

    feeds/<name>/position.json    what changed since, and the logs that are partly read
    feeds/<name>/done-<g>.json    the finished logs of ``position.json`` of generation g
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.lake import layout
from pipeline.lake.errors import LakeError, explain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

VERSION = 1
POSITION = "position.json"
MAX_RECENT = 256
"""Writers in ``position.json`` before they move to the second file."""

LOG, SEGMENTS, DONE = range(3)
"""Kinds of places; a later one supersedes an earlier one of the same log."""

Ranges = list[tuple[int, int]]
"""First and last number of each run of finished logs, ascending."""


class Place(NamedTuple):
    """A point in one log. ``LOG``: byte offset of a frame, rows of it that are read; ``SEGMENTS``: index of a
    segment in the commit record, rows of it; ``DONE``: nothing more will come. A greater place is a later one.
    """

    kind: int
    part: int = 0
    row: int = 0


@dataclass(eq=False)
class Position:
    """Everything up to one piece of one reading; opaque to the caller. A chain of steps, so that each costs little."""

    before: Position | None
    stem: str
    place: Place

    def steps(self, until: Position | None) -> Iterator[tuple[str, Place]]:
        """Steps of the chain, newest first, down to ``until`` (left out) or the start of the reading."""
        step: Position | None = self
        while step is not None and step is not until:
            yield step.stem, step.place
            step = step.before


class State:
    """What a feed has committed, in memory and on disk. Raises ``LakeError`` for files that cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: dict[str, Place] = {}
        self._recent: dict[str, Ranges] = {}
        self._generation = 0
        self._settled: dict[str, Ranges] = {}
        self.caught_up = False
        """Whether this follower ever was at the end of the lake: only what is removed after that is a loss to it."""
        self.commits = 0
        """How often it was saved: tells whether a commit that was under way at a crash took place."""
        self.new = not self._load()

    def at(self, stem: str) -> Place | None:
        """Where reading of a log has come to; ``None`` for one that was never read."""
        writer, number = split(stem)
        for known in (self._recent, self._settled):
            if any(first <= number <= last for first, last in known.get(writer, ())):
                return Place(DONE)
        return self.places.get(stem)

    def last_done(self, writer: str, before: int) -> int:
        """The highest finished number of a writer below ``before``; 0 where there is none."""
        known = [*self._recent.get(writer, ()), *self._settled.get(writer, ())]
        return max((min(last, before - 1) for first, last in known if first < before), default=0)

    def advance(self, stem: str, place: Place) -> None:
        """Go on in one log; never back, so that commits may come in any order."""
        old = self.at(stem)
        if old is not None and old >= place:
            return
        if place.kind == DONE:
            self.places.pop(stem, None)
            writer, number = split(stem)
            self._recent[writer] = joined([*self._recent.get(writer, ()), (number, number)])
        else:
            self.places[stem] = place

    def save(self, existing: Collection[str]) -> None:
        """Make the state durable, as one commit more. ``existing``: logs that still are somewhere in the lake; others need not be remembered."""
        try:
            self.commits += 1
            if len(self._recent) > MAX_RECENT:
                self._settle(existing)
            layout.write_whole(self.folder / POSITION, [_encoded({
                "version": VERSION, "commits": self.commits, "generation": self._generation, "caught_up": self.caught_up, "done": self._recent, "places": self.places,
            })])  # fmt: skip
            for path in self.folder.glob("done-*.json"):
                if path.name != self._settled_name():
                    path.unlink()
        except OSError as error:
            raise explain(error, self.folder, "keeping a feed's position") from error

    def _settle(self, existing: Collection[str]) -> None:
        merged = {w: [*r, *self._recent.get(w, ())] for w, r in self._settled.items()}
        merged = {**self._recent, **merged}
        alive = {split(s)[0] for s in existing}
        self._settled = {w: joined(r) for w, r in merged.items() if w in alive}
        self._recent = {}
        self._generation += 1
        layout.write_whole(self.folder / self._settled_name(), [_encoded(self._settled)])

    def _settled_name(self) -> str:
        return f"done-{self._generation}.json"

    def _load(self) -> bool:
        """Read the files; false where there are none."""
        path = self.folder / POSITION
        try:
            content = json.loads(path.read_bytes())
            if content["version"] != VERSION:
                raise LakeError(f"{path}: written by a newer version of Lictor: update this one")
            self._generation = int(content["generation"])
            self.commits = int(content["commits"])
            self.caught_up = bool(content["caught_up"])
            self._recent = _ranges(content["done"])
            self.places = {s: Place(*map(int, p)) for s, p in content["places"].items()}
            if self._generation:
                path = self.folder / self._settled_name()
                self._settled = _ranges(json.loads(path.read_bytes()))
        except FileNotFoundError as error:
            if not self._generation:
                return False
            raise self._damaged(path, error) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(path, error) from error
        except OSError as error:
            raise explain(error, path, "reading a feed's position") from error
        return True

    def _damaged(self, path: Path, error: Exception) -> LakeError:
        return LakeError(
            f"{path}: damaged position of a feed ({error}): restore it, or remove {self.folder} to read the lake from its beginning"
        )


def split(stem: str) -> tuple[str, int]:
    """Writer and number of a log's name; a name of another form is a writer with one log."""
    writer, _, number = stem.rpartition("-")
    return (writer, int(number)) if writer and number.isdecimal() and str(int(number)) == number else (stem, 0)


def order(stem: str) -> tuple[str, int]:
    """Sort key: by the start of the writer, then by number (10 behind 9)."""
    return split(stem)


def joined(ranges: Ranges) -> Ranges:
    """Ranges in order, those that touch made one."""
    result: Ranges = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def _encoded(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _ranges(content: dict[str, Any]) -> dict[str, Ranges]:
    return {w: [(int(a), int(b)) for a, b in r] for w, r in content.items()}
