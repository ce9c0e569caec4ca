"""Brings what a lake has to one receiver, at least once: the one loop behind every destination.

Rows are taken from the feed only when those before them are settled, so memory stays bounded whatever the receiver does.
An event is settled when the receiver accepted it or it lies among the dead letters; only then the position moves. What
was on its way when the process ended comes again, under the same ids: at most one batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.backoff import LONGEST_S, pause
from pipeline.export.errors import ExportError
from pipeline.export.sinks.interface import BROKEN_PAYLOAD, Batch, Outcome, Sink

if TYPE_CHECKING:
    from pipeline.export.dead import DeadLetters
    from pipeline.export.events import Encoder
    from pipeline.export.status import StatusFile


class Piece(Protocol):
    """What the shipper needs of a piece of a feed (``pipeline.lake.feed.Piece``)."""

    @property
    def table(self) -> str:
        """A table of the lake."""

    @property
    def rows(self) -> pa.Table:
        """Its rows."""

    @property
    def position(self) -> Any:
        """What to commit when they are settled."""


Keep = Callable[[str, pa.Table], pa.Table]
Commit = Callable[[Any], None]


@dataclass(frozen=True)
class Rim:
    """What the shipper is handed of the world: ``clock`` (seconds, for pauses), ``sleep`` (returns early when the export
    shall end) and ``stopping`` (whether it shall).
    """

    clock: Callable[[], float]
    sleep: Callable[[float], object]
    stopping: Callable[[], bool]


class Shipper:
    """One destination. ``keep`` leaves out rows that are not meant for it."""

    def __init__(
        self, sink: Sink, encoder: Encoder, dead: DeadLetters, status: StatusFile, rim: Rim, *, keep: Keep | None = None,
        events: int | None = None, size: int | None = None, give_up: float | None = None, longest_pause: float = LONGEST_S,
    ) -> None:  # fmt: skip
        """``events`` and ``size`` (bytes) bound a batch, within what the sink wants; ``give_up``: after so many seconds
        without progress the export fails, by default never.
        """
        self._sink = sink
        self._encoder = encoder
        self._dead = dead
        self._file = status
        self._rim = rim
        self._keep = keep
        self.events = min(events or sink.limits.events, sink.limits.events)
        self._size = min(size or sink.limits.bytes, sink.limits.bytes)
        self._give_up = give_up
        self._longest = longest_pause
        self._waiting: list[Batch] = []
        self._position: Any = None

    def ship(self, pieces: Iterable[Piece], commit: Commit) -> bool:
        """Settle everything in ``pieces``; false where it was told to end before that.

        Raises ``ExportError`` where an event cannot be kept, or nothing goes on for longer than ``give_up``.
        """
        self._waiting, self._position = [], None
        for piece in pieces:
            if self._waiting and not self._fits(piece) and not self._settle(commit):
                return False
            self._take(piece)
            full = not self._waiting or sum(map(len, self._waiting)) >= self.events
            if full and not self._settle(commit):
                return False
            if self._rim.stopping():
                break
        return self._settle(commit) and not self._rim.stopping()

    def resend(self, batch: Batch) -> bool:
        """Settle one batch of dead letters; false where it was told to end before that."""
        return all(self._delivered(batch.slice(*cut)) for cut in batch.cuts(self.events, self._size))

    def _fits(self, piece: Piece) -> bool:
        held = sum(map(len, self._waiting)) + piece.rows.num_rows
        return self._waiting[0].table == piece.table and held <= self.events

    def _take(self, piece: Piece) -> None:
        """Make events of a piece and hold them; one that leaves none only moves the position."""
        rows = self._keep(piece.table, piece.rows) if self._keep else piece.rows
        batch = self._encoder.batch(piece.table, rows)
        self._file.status.left_out += piece.rows.num_rows - len(batch)
        self._position = piece.position
        if len(batch):
            self._waiting.append(batch)

    def _settle(self, commit: Commit) -> bool:
        """Deliver what is held, then move the position."""
        if self._waiting:
            batch = joined(self._waiting)
            self._behind(batch)
            if not self.resend(batch):
                return False
        self._waiting = []
        if self._position is not None:
            commit(self._position)
            self._position = None
        self._behind(None)
        return True

    def _delivered(self, batch: Batch) -> bool:
        """Send until every event is settled; false where it was told to end while the receiver did not take them."""
        parts = deque([self._sound(batch)])
        tries, moved = 0, self._rim.clock()
        while parts:
            part = parts.popleft()
            if not len(part):
                continue
            outcome = self._sink.send(part)
            rest = self._account(part, outcome)
            if len(rest) < len(part):
                tries, moved = 0, self._rim.clock()
            if not len(rest):
                continue
            if outcome.split and len(rest) > 1:
                half = len(rest) // 2
                parts.extendleft([rest.slice(half, len(rest) - half), rest.slice(0, half)])
                continue
            parts.appendleft(rest)
            tries += 1
            if not self._waited(tries, outcome, moved, progress=len(rest) < len(part)):
                return False
        return True

    def _sound(self, batch: Batch) -> Batch:
        """The batch without payloads that a receiver could take for two events: those never leave."""
        broken = batch.broken()
        if not len(broken):
            return batch
        sound = np.delete(np.arange(len(batch)), broken)
        dead = tuple((position, BROKEN_PAYLOAD) for position in broken.tolist())
        return self._account(batch, Outcome(retry=sound, dead=dead), sent=False)

    def _account(self, part: Batch, outcome: Outcome, *, sent: bool = True) -> Batch:
        """Keep the dead, count, and give back what is to be sent again."""
        status = self._file.status
        if outcome.dead:
            self._dead.add(part, outcome.dead)
            status.dead += len(outcome.dead)
        rest = part.take(outcome.retry) if len(outcome.retry) else part.slice(0, 0)
        accepted = len(part) - len(outcome.dead) - len(rest)
        if accepted:
            status.sent += accepted
            status.bytes += part.nbytes - rest.nbytes
            status.last_sent = self._file.now()
        status.retried += len(rest) if sent else 0
        status.lag_rows -= accepted + len(outcome.dead)
        status.last_error = outcome.reason if len(rest) and sent else ""
        self._file.update()
        return rest

    def _waited(self, tries: int, outcome: Outcome, moved: float, *, progress: bool) -> bool:
        """Wait before the next try; false where the export shall end."""
        if self._rim.stopping():
            return False
        if progress and outcome.after == 0:
            return True
        self._file.status.state = "waiting"
        self._file.update(now=True)
        seconds = pause(tries, outcome.after, self._longest)
        if self._give_up is not None and self._rim.clock() - moved + seconds > self._give_up:
            raise ExportError(
                f"{self._file.status.to}: nothing was taken for {self._give_up:g} s ({outcome.reason}): mend that and start again"
            )
        self._rim.sleep(seconds)
        self._file.status.state = "running"
        return not self._rim.stopping()

    def _behind(self, batch: Batch | None) -> None:
        """Note what is in hand."""
        status = self._file.status
        status.lag_rows = len(batch) if batch is not None else 0
        oldest = pc.min(batch.times.cast(pa.int64())).as_py() if batch is not None else None
        status.oldest_waiting = None if oldest is None else oldest / 1e6
        self._file.update()


def joined(batches: list[Batch]) -> Batch:
    """Batches of one table as one."""
    if len(batches) == 1:
        return batches[0]
    columns = zip(*(b.columns() for b in batches), strict=True)
    payloads, ids, times, severities, hosts = (pa.concat_arrays(list(arrays)) for arrays in columns)
    return Batch(batches[0].table, payloads, ids, times, severities, hosts, batches[0].json)
