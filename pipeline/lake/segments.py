"""Frames of one table to Parquet segments: split by day and host, sorted, compressed.

Works column by column on dictionary codes and turns strings into plain text only one row group
at a time, because a whole log as plain text would take ten times its size in memory.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import schema
from pipeline.lake import layout, rows
from pipeline.lake.system import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ROW_GROUP = 122_880
_BLOOM = {"activity": ("path", "cmdline", "dst_ip")}
_HAS_BLOOM = "bloom_filter_options" in inspect.signature(pq.ParquetWriter).parameters  # pyarrow 26 and later
_DELTA = {"activity": ("time", "time_ns", "boottime_ns", "seq")}
_DAY_US = 86_400_000_000
_LAST_DAY = 2_932_896  # 9999-12-31: later ones have no four-digit year


@dataclass(frozen=True)
class Segment:
    """One Parquet file of a lake. ``path`` is relative to the lake; ``columns`` names its column set."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str
    columns: str
    first_time: int | None
    last_time: int | None

    @property
    def stem(self) -> str:
        """Name of the log that it was."""
        return self.path.rpartition("/")[2].removesuffix(".parquet")


def column_set(table: str) -> str:
    """Short name of a table's columns and types: files with the same one can be read as one."""
    text = "\n".join(f"{f.name} {f.type}" for f in schema.lake_schema(table))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(
    root: Path, stem: str, table: str, parts: Sequence[pa.Table], *, host: str, created_ns: int
) -> Iterator[Segment]:
    """Write tidy rows as segments under their temporary names, durable; ``publish`` puts them in place.

    ``host`` and the day of ``created_ns`` stand in where a row has none of its own.
    Raises ``OSError``. What is written depends on the arguments only, so a second try after a
    crash overwrites the first one's files.
    """
    columns = {n: _gather(table, n, parts) for n in schema.lake_schema(table).names if _has(n, parts)}
    total = sum(p.num_rows for p in parts)
    days = _days(columns.get(time_column(table)), total, created_ns)
    hosts, host_names = _hosts(columns.get("host"), total, host)
    group = days * len(host_names) + hosts
    order = np.lexsort((*_sort_keys(table, columns), group))
    group = group[order]
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), total], strict=True):
        day = str(np.datetime64(int(group[start]) // len(host_names), "D"))
        path = layout.segment_path(table, day, host_names[int(group[start]) % len(host_names)], stem)
        yield _write_one(root, table, path, columns, order[start:end])


def publish(root: Path, segment: Segment) -> None:
    """Give a written segment its name; raises ``OSError``."""
    path = root / segment.path
    files.replace(_temporary(path), path)
    files.sync_folder(path.parent)


def time_column(table: str) -> str:
    """The column that decides the day of a row."""
    return {"coverage": "until", "activity_hours": "hour"}.get(table, "time")


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _has(name: str, parts: Sequence[pa.Table]) -> bool:
    return any(name in p.schema.names for p in parts)


def _gather(table: str, name: str, parts: Sequence[pa.Table]) -> pa.Array:
    """One column of all parts as one array."""
    tidy = [rows.tidy(table, p.select([name])) if name in p.schema.names else p.select([]) for p in parts]
    kind = schema.memory_type(next(c for c in schema.TABLES[table] if c.name == name))
    chunks = [
        c
        for t, p in zip(tidy, parts, strict=True)
        for c in (t[name].chunks if name in t.schema.names else [pa.nulls(p.num_rows, kind)])
    ]
    column = pa.table({name: pa.chunked_array(chunks, type=kind)}).unify_dictionaries().combine_chunks()[name]
    return column.chunk(0) if column.num_chunks else pa.array([], kind)


def _days(time: pa.Array | None, total: int, created_ns: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Day of each row, in days since 1970; rows without a sane time get the day on which they were logged."""
    fallback = created_ns // 1000 // _DAY_US
    if time is None:
        return np.full(total, fallback, np.int64)
    days = time.cast(pa.int64()).fill_null(-1).to_numpy() // _DAY_US
    return np.where((days < 0) | (days > _LAST_DAY), fallback, days)


def _hosts(
    column: pa.DictionaryArray | None, total: int, host: str
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], list[str]]:
    """Host of each row as a number, and the names; rows without one belong to the writer's."""
    if column is None:
        return np.zeros(total, np.int64), [host]
    names = [host, *("" if v is None else v for v in column.dictionary.to_pylist())]
    codes = column.indices.cast(pa.int64()).fill_null(-1).to_numpy() + 1
    # Names that lie in the same folder are one group, or their files would overwrite each other.
    folders = {layout.host_folder(n): n for n in reversed(names)}
    first = np.array([names.index(folders[layout.host_folder(n)]) for n in names], np.int64)
    return first[codes], names


def _sort_keys(table: str, columns: dict[str, pa.Array]) -> list[np.ndarray[Any, Any]]:
    """Sort keys, least significant first: activity by run and time, which lets a query of one run read little."""
    keys = []
    if "time_ns" in columns:
        keys.append(columns["time_ns"].fill_null(0).to_numpy())
    elif time_column(table) in columns:
        keys.append(columns[time_column(table)].cast(pa.int64()).fill_null(0).to_numpy())
    if table == "activity" and "agent_run" in columns:
        runs = columns["agent_run"]
        rank = np.append(np.argsort(np.argsort(np.array(runs.dictionary.to_pylist(), object))), -1)
        keys.append(rank[runs.indices.fill_null(len(rank) - 1).to_numpy()])
    return keys


def _write_one(
    root: Path, table: str, path: str, columns: dict[str, pa.Array], order: np.ndarray[Any, np.dtype[np.int64]]
) -> Segment:
    """Write the rows that ``order`` names, a row group at a time."""
    target = _temporary(root / path)
    layout.make_folder(target.parent)
    with os.fdopen(layout.create(target), "w+b") as file:
        with pq.ParquetWriter(file, schema.lake_schema(table), **_options(table, columns)) as writer:
            for start in range(0, len(order), ROW_GROUP):
                chosen = pa.array(order[start : start + ROW_GROUP])
                part = pa.table({n: c.take(chosen) for n, c in columns.items()})
                writer.write_table(schema.conform(part, table), ROW_GROUP)
        file.flush()
        os.fsync(file.fileno())
        size, digest = _digest(file)
    return Segment(table, path, len(order), size, digest, column_set(table), *_time_range(table, columns, order))


def _options(table: str, columns: dict[str, pa.Array]) -> dict[str, Any]:
    delta = _DELTA.get(table, ())
    options: dict[str, Any] = {
        "compression": "zstd", "compression_level": 1, "write_page_checksum": True,
        "use_dictionary": [n for n in schema.lake_schema(table).names if n not in delta],
        "column_encoding": dict.fromkeys(delta, "DELTA_BINARY_PACKED"),
    }  # fmt: skip
    if _HAS_BLOOM:
        options["bloom_filter_options"] = {
            n: {"ndv": max(1, min(len(columns[n].dictionary), ROW_GROUP)), "fpp": 0.05}
            for n in _BLOOM.get(table, ())
            if n in columns
        }
    return options


def _digest(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # typeshed asks for more than is used
    return file.tell(), digest.hexdigest()


def _time_range(
    table: str, columns: dict[str, pa.Array], order: np.ndarray[Any, np.dtype[np.int64]]
) -> tuple[int | None, int | None]:
    """First and last time of the rows, in microseconds since 1970."""
    if time_column(table) not in columns:
        return None, None
    span = pc.min_max(columns[time_column(table)].take(pa.array(order)).cast(pa.int64()))
    return span["min"].as_py(), span["max"].as_py()
