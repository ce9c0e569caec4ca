"""What rows do that matters to taint: who reads, writes, creates, renames or forks what; failed calls do nothing.

A file is known by device and inode, and by its path where a source does not give them. Paths also count
for files whose inode is known, since a rename is often told by names alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.policy.classes import encoded, indices, valid
from pipeline.policy.sequences.keys import Keys
from pipeline.policy.sequences.plan import NONE, Flags, Longs

OPENS = ("file.open", "file.read", "file.write", "file.create")
WRITES = ("file.write", "file.create")
MOVES = ("file.rename", "file.link")

_DEVICE_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_POSITIVE = np.uint64(2**63 - 1)


@dataclass(frozen=True)
class Acts:
    """Flags and numbers of each row. ``inode`` and ``path`` are keys of the file acted on, ``path_to`` of its second
    name; ``NONE`` where there is none or where it cannot be tainted.
    """

    reads: Flags
    writes: Flags
    creates: Flags
    execs: Flags
    moves: Flags
    forks: Flags
    exits: Flags
    process: Longs
    known: Flags
    child: Longs
    inode: Longs
    path: Longs
    path_to: Longs


def acts_of(batch: pa.RecordBatch, paths: Keys) -> Acts:
    """The acts of a batch; paths that may become tainted are made known to ``paths``."""
    process, known = _numbers(batch, "process_key")
    child, has_child = _numbers(batch, "child_key")
    done = known & ~_failed(batch)
    intent = _texts(batch, "intent")
    opens = done & _is(batch, OPENS)
    reads = opens & (_is(batch, ("file.read",)) | _has(batch, intent, ("read",)))
    writes = opens & (_is(batch, WRITES) | _has(batch, intent, ("write", "create", "truncate")))
    moves = done & _is(batch, MOVES)
    inode = _inodes(batch)
    _make_known(batch, paths, writes & (inode == NONE), moves)
    return Acts(
        reads, writes, done & _is(batch, ("file.create",)), done & _is(batch, ("exec",)), moves,
        done & has_child & _is(batch, ("fork",)), known & _is(batch, ("exit",)),
        process, known, child, inode, _path_keys(batch, "path", paths), _path_keys(batch, "path_to", paths),
    )  # fmt: skip


def path_key(numbers: Longs) -> Longs:
    """Key of a path by its number; below all inodes."""
    keys: Longs = -1 - numbers
    return keys


def path_number(keys: Longs) -> Longs:
    """Number of a path by its key."""
    numbers: Longs = -1 - keys
    return numbers


def _make_known(batch: pa.RecordBatch, paths: Keys, by_first: Flags, by_second: Flags) -> None:
    """Number the paths of some rows and the second paths of others in the order of the rows, whatever batch they are in."""
    parts = [
        (np.flatnonzero(flags), batch[name])
        for name, flags in (("path", by_first), ("path_to", by_second))
        if name in batch.schema.names and flags.any()
    ]
    if parts:
        texts = pa.concat_arrays([column.take(pa.array(rows)).cast(pa.string()) for rows, column in parts])
        order = np.argsort(np.concatenate([rows for rows, _ in parts]))
        paths.numbers(texts.take(pa.array(order)), np.ones(len(order), np.bool_))


def _path_keys(batch: pa.RecordBatch, name: str, paths: Keys) -> Longs:
    if name not in batch.schema.names:
        return np.full(batch.num_rows, NONE)
    numbers = paths.numbers(batch[name], np.zeros(batch.num_rows, np.bool_))
    return np.where(numbers < 0, NONE, path_key(numbers))


def _inodes(batch: pa.RecordBatch) -> Longs:
    """Device and inode as one number: exact within a device, scattered over devices."""
    inode, known = _numbers(batch, "ino")
    device, placed = _numbers(batch, "dev")
    mixed = (inode.view(np.uint64) ^ (device.view(np.uint64) * _DEVICE_FACTOR)) & _POSITIVE
    return np.where(known & placed, mixed.view(np.int64), NONE)


def _failed(batch: pa.RecordBatch) -> Flags:
    errors, told = _numbers(batch, "errno")
    failed: Flags = (told & (errors != 0)) | _among(batch, "outcome", ("failure", "denied"))
    return failed


def _numbers(batch: pa.RecordBatch, name: str) -> tuple[Longs, Flags]:
    if name not in batch.schema.names:
        return np.zeros(batch.num_rows, np.int64), np.zeros(batch.num_rows, np.bool_)
    column = batch[name]
    return pc.fill_null(column, 0).to_numpy(zero_copy_only=False).astype(np.int64), valid(column)


def _is(batch: pa.RecordBatch, operations: tuple[str, ...]) -> Flags:
    return _among(batch, "operation", operations)


def _among(batch: pa.RecordBatch, name: str, values: tuple[str, ...]) -> Flags:
    if name not in batch.schema.names:
        return np.zeros(batch.num_rows, np.bool_)
    column = encoded(batch[name])
    table = np.array([text in values for text in column.dictionary.to_pylist()] + [False])
    found: Flags = table.take(indices(column))
    return found


def _texts(batch: pa.RecordBatch, name: str) -> list[str | None]:
    return encoded(batch[name]).dictionary.to_pylist() if name in batch.schema.names else []


def _has(batch: pa.RecordBatch, intents: list[str | None], words: tuple[str, ...]) -> Flags:
    having = tuple(text for text in intents if text and not set(words).isdisjoint(text.split(",")))
    return _among(batch, "intent", having)
