"""What a sink is: it takes a batch of finished payloads, sends it once, and says what became of each event.

When it is tried again, and what is done with an event that nobody will ever take, is the shipper's affair, alike for
all sinks. Framing is the sink's: it may rely on payloads without line breaks, since the shipper lets no other through.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

BROKEN_PAYLOAD = "the payload holds a line break or a NUL, which the format must not let through: please report this"
_BREAKS = (0x0A, 0x0D, 0x00)


@dataclass(frozen=True)
class Batch:
    """Events of one lake table on their way to one receiver; the arrays have one value per event.

    ``payloads`` is ``binary`` without NULLs and without line breaks (``broken``); ``ids`` (text, never NULL) names each event for
    good; ``times`` is ``timestamp[us]`` in UTC, ``severities`` one of
    ``schema.SEVERITIES``, ``hosts`` text: these three may be NULL. ``json`` says that each payload is one JSON object.
    """

    table: str
    payloads: pa.Array
    ids: pa.Array
    times: pa.Array
    severities: pa.Array
    hosts: pa.Array
    json: bool = True

    @classmethod
    def of(
        cls, table: str, payloads: pa.Array, ids: pa.Array, times: pa.Array, severities: pa.Array, hosts: pa.Array,
        *, json: bool,
    ) -> Batch:  # fmt: skip
        """A batch of arrays of any text type; raises ``ValueError`` for lengths that differ and for NULLs."""
        batch = cls(
            table, _plain(payloads, pa.binary()), _plain(ids, pa.string()),
            _plain(times, pa.timestamp("us")), _plain(severities, pa.string()), _plain(hosts, pa.string()), json,
        )  # fmt: skip
        lengths = {len(a) for a in batch.columns()}
        if len(lengths) != 1:
            raise ValueError(f"arrays of one batch have different lengths: {sorted(lengths)}")
        if batch.payloads.null_count or batch.ids.null_count:
            raise ValueError("a payload or an id is NULL")
        return batch

    def columns(self) -> tuple[pa.Array, ...]:
        """The arrays, payloads first."""
        return self.payloads, self.ids, self.times, self.severities, self.hosts

    def _with(self, columns: list[pa.Array]) -> Batch:
        payloads, ids, times, severities, hosts = columns
        return Batch(self.table, payloads, ids, times, severities, hosts, self.json)

    def __len__(self) -> int:
        return len(self.payloads)

    @property
    def nbytes(self) -> int:
        """Bytes of all payloads."""
        return int(pc.sum(pc.binary_length(self.payloads)).as_py() or 0)

    def take(self, positions: NDArray[np.int64]) -> Batch:
        """The events at these positions."""
        chosen = pa.array(positions, pa.int64())
        return self._with([a.take(chosen) for a in self.columns()])

    def slice(self, start: int, length: int) -> Batch:
        """A run of events, without copying."""
        return self._with([a.slice(start, length) for a in self.columns()])

    def cuts(self, events: int, size: int, overhead: int = 0) -> list[tuple[int, int]]:
        """(start, length) of consecutive parts of at most so many events and bytes; an event beyond the size is alone.

        ``overhead`` bytes are counted for each event's frame.
        """
        ends = np.cumsum(pc.binary_length(self.payloads).to_numpy(zero_copy_only=False).astype(np.int64) + overhead)
        result, start = [], 0
        while start < len(ends):
            before = int(ends[start - 1]) if start else 0
            fitting = int(np.searchsorted(ends, before + size, side="right"))
            end = max(start + 1, min(start + events, fitting))
            result.append((start, end - start))
            start = end
        return result

    def broken(self) -> NDArray[np.int64]:
        """Positions of payloads that a line-oriented framing could not carry; none, as long as formats keep their word."""
        _, offsets, data = self.payloads.buffers()
        if data is None or not len(self):
            return np.empty(0, np.int64)
        bounds = np.frombuffer(offsets, np.int32)[self.payloads.offset : self.payloads.offset + len(self) + 1]
        text = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
        # One comparison for nearly all bytes: whatever is below a space is looked at again.
        low = np.flatnonzero(text < 0x20)
        found = low[np.isin(text[low], _BREAKS)]
        return np.unique(np.searchsorted(bounds, found + bounds[0], side="right") - 1).astype(np.int64)


def _plain(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """One contiguous array of that type."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):  # pyarrow answers so for no chunk at all
            values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    return values if values.type == kind else values.cast(kind)


@dataclass(frozen=True)
class Outcome:
    """What became of a batch. Events named nowhere were accepted.

    ``retry`` are positions to send again, for ``reason``, not before ``after`` seconds where the receiver said so.
    ``dead`` are positions that this receiver will never accept, each with its reason. ``split``: the receiver refused
    the whole without saying which event is at fault, so that halves of it shall be tried.
    """

    retry: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    reason: str = ""
    after: float | None = None
    dead: tuple[tuple[int, str], ...] = ()
    split: bool = False


ACCEPTED = Outcome()


def again(batch: Batch, reason: str, after: float | None = None) -> Outcome:
    """Nothing was accepted; all of it shall be sent again."""
    return Outcome(retry=np.arange(len(batch)), reason=reason, after=after)


def halves(batch: Batch, reason: str) -> Outcome:
    """Refused as a whole: smaller parts of it, or the one event, will tell why."""
    return Outcome(retry=np.arange(len(batch)), reason=reason, split=True)


@dataclass(frozen=True)
class Limits:
    """The most that one ``send`` wants to be given."""

    events: int = 5_000
    bytes: int = 4 << 20


class Sink(Protocol):
    """A receiver, used by one thread."""

    limits: Limits

    def send(self, batch: Batch) -> Outcome:
        """Send a batch once. Returns within the sink's timeout whatever the receiver does; raises no network error."""

    def close(self) -> None:
        """Let go of connections and files."""


@dataclass(frozen=True)
class Settings:
    """What a destination is configured with: ``options`` and ``secrets`` by name, which the sink checks.

    ``json``: payloads will be JSON. ``follow``: the export goes on for ever. ``clock`` (seconds, for deadlines) and
    ``sleep`` are handed in; ``stopping`` says that somebody waits for the end.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: bool = True
    follow: bool = False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    stopping: Callable[[], bool] = lambda: False
