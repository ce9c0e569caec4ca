"""Records of a chunk sorted out: those of one event and layout together, unpacked, and every one of them counted.

Each record ends in exactly one of four counts: decoded, unknown (nobody here knows the event or that version of it),
malformed (known, and shorter than its fields), own (about the trace file itself).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.etw import tables
from collectors.etw.guids import name_of
from collectors.etw.layouts import compiled
from collectors.etw.records import EVENT, FULL, Bytes
from collectors.etw.texts import Span, binaries, strings
from collectors.etw.unpack import Chunk, Unpacked, unpack

Key = tuple[str, int, int]
"""Provider, id (opcode of a classic event), version."""

EPOCH_FILETIME = 116_444_736_000_000_000
"""1970 as a FILETIME: 100 ns since 1601."""


@dataclass
class Tally:
    """What became of every record."""

    decoded: int = 0
    own: int = 0
    unknown: Counter[Key] = field(default_factory=Counter)
    malformed: Counter[Key] = field(default_factory=Counter)
    lost_events: int = 0
    first_malformed: dict[Key, int] = field(default_factory=dict)
    """Where in the file the first malformed record of an event lies."""

    @property
    def records(self) -> int:
        """All that were counted."""
        return self.decoded + self.own + self.unknown.total() + self.malformed.total()


@dataclass(frozen=True)
class Part:
    """Records of one event and layout, with their fields.

    ``order`` is each one's place among all records of the chunk, ``time`` its FILETIME.
    """

    event: tables.Event
    chunk: Chunk
    fields: Unpacked
    order: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    pid: npt.NDArray[np.int64]
    tid: npt.NDArray[np.int64]
    start_key: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.order)

    def has(self, name: str) -> bool:
        """Whether this version has a field."""
        return name in self.fields.numbers or name in self.fields.spans

    def number(self, name: str) -> npt.NDArray[np.int64]:
        """A numeric field; unsigned 64-bit values wrap."""
        return (
            self.fields.numbers[name].astype(np.uint64).view(np.int64)
            if _wide(self, name)
            else self.fields.numbers[name].astype(np.int64)
        )

    def key(self, name: str) -> npt.NDArray[np.uint64]:
        """A pointer as it stands."""
        return self.fields.numbers[name].astype(np.uint64)

    def raw(self, name: str) -> npt.NDArray[np.void]:
        """A field of bytes of fixed size, such as an address."""
        return self.fields.numbers[name]

    def span(self, name: str) -> Span:
        """A field of variable length."""
        return self.fields.spans[name]

    def text(self, name: str) -> pa.StringArray:
        """A text field."""
        return strings(self.chunk.data, self.fields.spans[name])

    def bytes(self, name: str) -> pa.BinaryArray:
        """A field of bytes of variable length."""
        return binaries(self.chunk.data, self.fields.spans[name])


def _wide(part: Part, name: str) -> bool:
    return part.fields.numbers[name].dtype == np.uint64


def parts(data: Bytes, records: npt.NDArray[np.void], filetime: npt.NDArray[np.int64], tally: Tally) -> Iterator[Part]:
    """Unpack all records of a chunk (in order of time), event by event. ``filetime`` is each one's time."""
    chunk = Chunk(data)
    for rows in _same_width(chunk, records):
        key = _key(records[rows[0]])
        event = tables.event(*key)
        if event is None:
            _not_decoded(key, records[rows], tally)
            continue
        yield _part(event, key, chunk, records, rows, filetime, tally)


def _part(
    event: tables.Event, key: Key, chunk: Chunk, records: npt.NDArray[np.void], rows: npt.NDArray[np.int64],
    filetime: npt.NDArray[np.int64], tally: Tally,
) -> Part:  # fmt: skip
    mine = records[rows]
    fields = _fields(event, chunk, mine)
    good = fields.good
    if not good.all():
        tally.malformed[key] += int((~good).sum())
        tally.first_malformed.setdefault(key, int(mine["at"][~good][0]))
        fields, mine, rows = fields.at(good), mine[good], rows[good]
    tally.decoded += len(rows)
    return Part(event, chunk, fields, rows, filetime[rows], mine["pid"], mine["tid"], mine["start_key"])


def _fields(event: tables.Event, chunk: Chunk, records: npt.NDArray[np.void]) -> Unpacked:
    return unpack(
        chunk, compiled(event.fields, pointer := int(records["pointer"][0])), records["start"], records["end"], pointer
    )


def _other_width(chunk: Chunk, records: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """Classic records whose pointers have the other size than their header says.

    That header tells the writing program's size. A 32-bit program may hand on what a 64-bit kernel said, and nothing
    but the length then shows it: read with the one size bytes are missing or left over, with the other none are.
    """
    event = tables.event(*_key(records[0]))
    from_a_program = records["classic"][0] and records["kind"][0] in (EVENT, FULL)
    if event is None or "ptr" not in event.fields or not from_a_program:
        return np.zeros(len(records), np.bool_)
    as_said = _fields(event, chunk, records)
    changed = records.copy()
    changed["pointer"] = 12 - changed["pointer"]
    otherwise = _fields(event, chunk, changed)
    changed_fits: npt.NDArray[np.bool_] = ~_exact(chunk, as_said) & _exact(chunk, otherwise)
    return changed_fits


def _exact(chunk: Chunk, fields: Unpacked) -> npt.NDArray[np.bool_]:
    """Nothing is missing, nothing is left over, and the path of an image begins as paths do: with a drive or a backslash."""
    exact: npt.NDArray[np.bool_] = fields.good & (fields.rest == 0)
    name = fields.spans.get("ImageName")
    if name is not None and name.kind == "wstr":
        at = np.minimum(name.start, len(chunk.data) - 2)
        exact &= (name.length == 0) | ((chunk.data[at] >= 0x20) & (chunk.data[at] < 0x7F) & (chunk.data[at + 1] == 0))
    return exact


def _key(record: np.void) -> Key:
    return name_of((int(record["guid"][0]), int(record["guid"][1]))), int(record["id"]), int(record["version"])


def _not_decoded(key: Key, records: npt.NDArray[np.void], tally: Tally) -> None:
    if key[0] in tables.OWN:
        tally.own += len(records)
    elif key[0] == tables.LOST:
        tally.own += len(records)
        if key[1] == 32:  # one event each; 33 and 34 are whole buffers and files
            tally.lost_events += len(records)
    else:
        tally.unknown[key] += len(records)


def _same_width(chunk: Chunk, records: npt.NDArray[np.void]) -> Iterator[npt.NDArray[np.int64]]:
    """Indices of the records of each event and layout; those of a wrong pointer size are put right."""
    for rows in _alike(records):
        other = _other_width(chunk, records[rows])
        if not other.any():
            yield rows
            continue
        records["pointer"][rows[other]] = 12 - records["pointer"][rows[other]]
        yield from (part for part in (rows[~other], rows[other]) if len(part))


def _alike(records: npt.NDArray[np.void]) -> Iterator[npt.NDArray[np.int64]]:
    """Indices of the records of each event, version and pointer size, in their order."""
    if not len(records):
        return
    code = np.zeros(len(records), np.int64)
    for column in (records["guid"][:, 0], records["guid"][:, 1], _what(records)):
        distinct, inverse = np.unique(column, return_inverse=True)
        code = np.unique(code * len(distinct) + inverse, return_inverse=True)[1]
    order = np.argsort(code, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(code[order])) + 1)


def _what(records: npt.NDArray[np.void]) -> npt.NDArray[np.int64]:
    parts_ = ("id", 24), ("version", 16), ("classic", 8), ("pointer", 0)
    return sum((records[name].astype(np.int64) << bits for name, bits in parts_), np.zeros(len(records), np.int64))
