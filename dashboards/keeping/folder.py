"""What lies in the lake's folder, by its commit records: no row is read for it.

Each record says which segments a log became, with rows, bytes and times, and links its log to the one before of the same writer. A record never
changes, so what was read of it is remembered; of a large lake they are read a part at a time, so that no page waits.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from pipeline import schema
from pipeline.lake import commits, layout
from pipeline.lake.errors import LakeError
from pipeline.lake.feed_state import order, split

BUDGET_S = 0.6
"""How long a page reads records before it shows what it has."""
REMEMBERED = 200_000
"""Records that are remembered, about a kilobyte each at most."""

_TABLES = pa.schema([
    ("table", pa.string()), ("rows", pa.int64()), ("segments", pa.int64()), ("bytes", pa.int64()), ("oldest", schema.TIME),
    ("newest", schema.TIME),
])  # fmt: skip


@runtime_checkable
class Kept(Protocol):
    """A lake whose folder is on this machine: ``Lake`` and ``StandingLake`` of ``pipeline.lake``."""

    root: Path


@dataclass(frozen=True)
class Record:
    """What one commit record says. ``tables``: (table, rows, segments, bytes, first, last), times in µs since 1970."""

    stem: str
    host: str
    sealed_ns: int
    previous: str
    chain: str
    tables: tuple[tuple[str, int, int, int, int | None, int | None], ...]
    damages: tuple[dict[str, Any], ...] = ()


@dataclass
class Holding:
    """What is in the folder as far as it was read. ``trouble``: records that could not be read, one line each."""

    records: list[Record] = field(default_factory=list)
    known: int = 0
    logs: int = 0
    log_bytes: int = 0
    set_aside: int = 0
    trouble: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether all records were read."""
        return len(self.records) + len(self.trouble) >= self.known


_read: OrderedDict[tuple[str, str], Record] = OrderedDict()
_lock = threading.Lock()


def held(root: Path, budget: float = BUDGET_S) -> Holding:
    """Look into the folder for at most so many seconds; what was read before is there at once. Raises ``LakeError``."""
    layout.check_readable(root)
    stems = layout.stems(root / layout.COMMITS, ".json")
    found = Holding(known=len(stems), set_aside=_files(root / layout.DAMAGED)[0])
    found.logs, found.log_bytes = _files(root / layout.WAL)
    until = time.monotonic() + budget
    for stem in sorted(stems, key=order, reverse=True):
        key = (str(root), stem)
        with _lock:
            record = _read.get(key)
        if record is None:
            if time.monotonic() > until:
                continue
            record = _record(root, stem, found.trouble)
            if record is None:
                continue
            with _lock:
                _read[key] = record
                while len(_read) > REMEMBERED:
                    _read.popitem(last=False)
        found.records.append(record)
    return found


def tables(found: Holding) -> pa.Table:
    """Rows, segments, bytes and times of each table of the schema, the largest first."""
    sums: dict[str, dict[str, Any]] = {
        name: {"table": name, "rows": 0, "segments": 0, "bytes": 0, "oldest": None, "newest": None} for name in schema.TABLES
    }  # fmt: skip
    for record in found.records:
        for name, rows, segments, size, first, last in record.tables:
            row = sums.setdefault(
                name, {"table": name, "rows": 0, "segments": 0, "bytes": 0, "oldest": None, "newest": None}
            )
            row["rows"] += rows
            row["segments"] += segments
            row["bytes"] += size
            row["oldest"] = min((t for t in (row["oldest"], first) if t is not None), default=None)
            row["newest"] = max((t for t in (row["newest"], last) if t is not None), default=None)
    return pa.Table.from_pylist(sorted(sums.values(), key=lambda r: (-r["bytes"], r["table"])), _TABLES)


@dataclass(frozen=True)
class Chains:
    """How the logs of each writer hang together: links that hold, those whose end is missing, and those that are broken."""

    writers: int
    holds: int
    missing: tuple[str, ...]
    broken: tuple[str, ...]


def chains(found: Holding) -> Chains:
    """Whether each log begins with the last chain value of the one before it, as far as records are there."""
    by_writer: dict[str, dict[int, Record]] = {}
    for record in found.records:
        writer, number = split(record.stem)
        by_writer.setdefault(writer, {})[number] = record
    holds, missing, broken = 0, [], []
    for writer, logs in by_writer.items():
        for number, record in sorted(logs.items()):
            if number <= 1 or not record.previous:
                continue
            before = logs.get(number - 1)
            if before is None:
                missing.append(f"{writer}-{number - 1}")
            elif before.chain == record.previous:
                holds += 1
            else:
                broken.append(record.stem)
    return Chains(len(by_writer), holds, tuple(missing), tuple(broken))


def _record(root: Path, stem: str, trouble: list[str]) -> Record | None:
    try:
        commit = commits.read(root, stem)
    except LakeError as error:
        trouble.append(str(error))
        return None
    if commit is None:  # removed since the folder was listed
        return None
    sums: dict[str, list[Any]] = {}
    for segment in commit.segments:
        known = sums.setdefault(segment.table, [0, 0, 0, None, None])
        known[0] += segment.rows
        known[1] += 1
        known[2] += segment.bytes
        known[3] = min((t for t in (known[3], segment.first_time) if t is not None), default=None)
        known[4] = max((t for t in (known[4], segment.last_time) if t is not None), default=None)
    listed = tuple((name, *counts) for name, counts in sums.items())
    header = commit.header
    return Record(
        stem,
        str(header.get("host")),
        commit.sealed_ns,
        str(header.get("previous", "")),
        commit.chain,
        listed,
        commit.damages,
    )


def _files(folder: Path) -> tuple[int, int]:
    """Number and bytes of the files in a folder; none where it is missing."""
    count = size = 0
    try:
        for path in folder.iterdir():
            size += path.stat().st_size
            count += 1
    except FileNotFoundError:
        return count, size
    except OSError as error:
        raise LakeError(f"{folder}: cannot be looked into: {error.strerror}") from error
    return count, size
