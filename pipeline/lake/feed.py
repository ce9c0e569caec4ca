"""A feed: what is new in a lake, for one named follower that comes back again and again.

Order is arrival, not time, so late rows need no special care. Logs are followed frame by frame while they grow and to
their end after they are sealed (``feed_logs``); logs that were sealed before the follower came are read from their
segments (``feed_segments``). How far it has come lies in the lake (``feed_state``): each row once for a follower that
commits what it has dealt with, and again for one that was killed before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from pipeline import schema
from pipeline.lake import commits, feed_gaps, feed_logs, feed_segments, layout
from pipeline.lake.errors import LakeError, explain, log_warning
from pipeline.lake.feed_state import DONE, LOG, SEGMENTS, Place, Position, State, order
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.lake.commits import Commit

    _Part = tuple[str, str | None, pa.Table | None, Place]
    """Log, table, rows, the place behind them; without rows it is progress only."""

__all__ = ["Feed", "Piece", "Position"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Piece:
    """Rows of one table in lake types, at most ``max_rows`` of them, and the position to commit when they are dealt with."""

    table: str
    rows: pa.Table
    position: Position


class Feed:
    """What is new in the lake at ``root`` since the last commit of follower ``name``, rows of ``tables`` only.

    A new follower begins with the oldest row, with ``from_now`` with what comes after this call. Rows of one writer come
    in its order; writers take turns by their start. ``skip_damaged``: what cannot be read, or was removed before it was
    read, is told to ``report`` and counted (``skipped``, ``skipped_rows``); otherwise ``read`` raises ``LakeError`` there.
    Raises ``LakeError`` where the lake cannot be written, or another process follows under this name.
    """

    def __init__(
        self, root: Path | str, name: str, tables: Collection[str], *, max_rows: int = 50_000, from_now: bool = False,
        skip_damaged: bool = False, report: Callable[[str], None] = log_warning,
    ) -> None:  # fmt: skip
        self.root = Path(root)
        self.name = name
        self.tables = frozenset(tables)
        self.skipped = self.skipped_rows = 0
        self._max_rows, self._skip, self._report = max_rows, skip_damaged, report
        self._told: set[str] = set()
        self._existing: Collection[str] = ()
        self._applied: Position | None = None
        self._last: Position | None = None  # of the last piece handed out
        self._trailing: Position | None = None  # behind it, where the reading has ended
        self._ended = False
        self._stale = False  # a commit failed, and only the disk knows whether it took place
        _check(name, self.tables)
        layout.check_readable(self.root)
        layout.prepare(self.root)
        self._folder = self.root / layout.FEEDS / name
        self._lock = _locked(self._folder, name)
        try:
            self._state = State(self._folder)
            if self._state.new and from_now:
                self._begin_now()
        except BaseException:
            self.close()
            raise

    @property
    def commits(self) -> int:
        """Number of the last commit; a new one has a higher number. For whoever must know after a crash if one took place."""
        self._refresh()
        return self._state.commits

    @property
    def folder(self) -> Path:
        """The follower's folder in the lake: files of its own with names that end neither in .wal nor .json are left alone."""
        return self._folder

    def read(self) -> Iterator[Piece]:
        """What is there by now and was not committed, then ends. Raises ``LakeError`` behind the last piece that could be read."""
        self._applied = self._last = self._trailing = tip = None
        self._ended = False
        self._refresh()
        held: list[pa.Table] = []
        table, count = "", 0
        try:
            for stem, name, rows, place in self._parts():
                if rows is not None and held and (name != table or count + rows.num_rows > self._max_rows):
                    yield self._piece(table, held, tip)
                    held, count = [], 0
                tip = Position(tip, stem, place)
                if rows is not None and name is not None:
                    table, count = name, count + rows.num_rows
                    held.append(rows)
        except (LakeError, OSError) as error:
            if held:
                yield self._piece(table, held, tip)
            if isinstance(error, OSError):
                raise explain(error, self.root, f"reading for feed {self.name}") from error
            raise
        if held:
            yield self._piece(table, held, tip)
        self._end(tip)

    def commit(self, position: Position) -> None:
        """Everything up to this position is dealt with: durable when this returns. Never goes back. Raises ``LakeError``."""
        if position is self._last and self._ended:
            assert self._trailing is not None  # it is this piece or something behind it
            position = self._trailing
            self._state.caught_up = True
        self._apply(position)

    def close(self) -> None:
        """Let another process follow under this name; safe to call twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _piece(self, table: str, held: list[pa.Table], tip: Position | None) -> Piece:
        assert tip is not None
        self._last = tip
        return Piece(table, pa.concat_tables(held), tip)

    def _end(self, tip: Position | None) -> None:
        """Logs that hold nothing for this follower are not looked at again: no piece is left that could tell it."""
        self._trailing, self._ended = tip, True
        if self._last is self._applied and (tip is not self._applied or not self._state.caught_up):
            self._state.caught_up = True
            self._apply(tip)

    def _apply(self, position: Position | None) -> None:
        """The chain up to a position into the state, and that to the disk."""
        for stem, place in reversed(list(position.steps(self._applied)) if position else []):
            self._state.advance(stem, place)
        self._applied = position
        self._stale = True
        self._state.save(self._existing)
        self._stale = False
        for stem in layout.stems(self._folder, ".wal"):
            place_now = self._state.at(stem)
            if place_now is not None and place_now.kind == DONE:
                feed_logs.kept(self._folder, stem).unlink(missing_ok=True)

    def _refresh(self) -> None:
        if self._stale:
            self._state = State(self._folder)
            self._stale = False

    def _parts(self) -> Iterator[_Part]:
        # Logs first, records second, as in ``snapshot``: nothing is missed in between.
        live = set(layout.stems(self.root / layout.WAL, ".wal"))
        sealed = set(layout.stems(self.root / layout.COMMITS, ".json"))
        linked = set(layout.stems(self._folder, ".wal"))
        self._existing = live | sealed | linked
        for stem in sorted(self._existing | self._state.places.keys(), key=order):
            place = self._state.at(stem)
            if place is None or place.kind != DONE:
                for table, rows, after in self._log(stem, place, live=stem in live, linked=stem in linked):
                    yield stem, table, rows, after

    def _log(
        self, stem: str, place: Place | None, *, live: bool, linked: bool
    ) -> Iterator[tuple[str | None, pa.Table | None, Place]]:
        """Rows of one log, wherever they are."""
        from_log = place is None or place.kind == LOG
        if from_log and (linked or (live and self._keep(stem))):
            yield from self._kept(stem, place)
            return
        commit = self._commit(stem)
        if commit is None:
            if place is not None:
                self._trouble(
                    f"{layout.commit_path(self.root, stem)}: removed before its rows were read to the end", None
                )
                yield None, None, Place(DONE)
            return  # a log that held nothing, or one that is to be read when it is sealed
        if place is None:
            self._check_gap(stem, commit)
        elif place.kind == LOG:
            self._trouble(
                f"{feed_logs.kept(self._folder, stem)}: this link is gone, so rows that were read come again", 0
            )
        start = place if place is not None and place.kind == SEGMENTS else Place(SEGMENTS)
        yield from feed_segments.parts(self.root, commit, start, self.tables, self._max_rows, self._trouble)
        yield None, None, Place(DONE)

    def _kept(self, stem: str, place: Place | None) -> Iterator[tuple[str | None, pa.Table | None, Place]]:
        """A log through this follower's link."""
        # In this order: a log without frames goes without a record, any other has its record before it goes.
        gone = not layout.wal_path(self.root, stem).exists()
        commit = self._commit(stem)
        if place is None:
            self._check_gap(stem, commit)
        path = feed_logs.kept(self._folder, stem)
        yield from feed_logs.parts(path, place or Place(LOG), self.tables, self._max_rows, self._trouble)
        if commit and "coverage" in self.tables:
            losses = feed_segments.losses(self.root, commit, self._trouble)
            if losses.num_rows:
                yield "coverage", losses, Place(DONE)
        if commit or gone:
            yield None, None, Place(DONE)

    def _keep(self, stem: str) -> bool:
        done = feed_logs.link(self.root, self._folder, stem)
        if done is None:
            self._say(f"{self._folder}: no hard links here: feed {self.name} sees rows only when their log is sealed")
        return bool(done)

    def _commit(self, stem: str) -> Commit | None:
        try:
            return commits.read(self.root, stem)
        except LakeError as error:
            self._trouble(str(error), None)
            return None

    def _check_gap(self, stem: str, commit: Commit | None) -> None:
        if self._state.caught_up:
            found = feed_gaps.missing(self.root, self._state, stem, self._existing, commit)
            if found:
                self._trouble(f"{self.root}: {found}", None)

    def _trouble(self, what: str, rows: int | None) -> None:
        """Something cannot be read: the end of this reading, or counted and told once."""
        if not self._skip:
            step = "restore it from a backup, or go on without it (skip_damaged)"
            raise LakeError(f"{what} (feed {self.name}): {step}")
        if what not in self._told:
            self.skipped += 1
            self.skipped_rows += rows or 0
            self._told.add(what)
            self._report(f"{what} (feed {self.name}): left out{'' if rows is None else f', {rows} rows'}")

    def _say(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._report(what)

    def _begin_now(self) -> None:
        """Put the position behind everything that is there."""
        live = layout.stems(self.root / layout.WAL, ".wal")
        self._existing = {*live, *layout.stems(self.root / layout.COMMITS, ".json")}
        for stem in live:
            if self._keep(stem):
                self._state.advance(stem, feed_logs.end(feed_logs.kept(self._folder, stem)))
        for stem in self._existing:
            if stem not in self._state.places and not layout.wal_path(self.root, stem).exists():
                self._state.advance(stem, Place(DONE))
        self._state.caught_up = True
        self._state.save(self._existing)


def _check(name: str, tables: Collection[str]) -> None:
    if not _NAME.fullmatch(name):
        raise LakeError(f"{name!a}: a feed's name is letters, digits, dots, dashes and underscores: choose another")
    for table in tables:
        if table not in schema.TABLES:
            raise LakeError(f"feed {name}: there is no table {table}: choose among {', '.join(schema.TABLES)}")


def _locked(folder: Path, name: str) -> int:
    """The lock of a feed, held as long as the descriptor is open."""
    try:
        layout.make_folder(folder)
        fd = files.opened(folder / "lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise explain(error, folder, "opening a feed") from error
    if not files.try_lock(fd):
        os.close(fd)
        raise LakeError(f"{folder}: another process follows as {name}: stop it, or choose another name")
    return fd
