"""A log becomes segments; also for logs whose writers are gone.

The order makes a crash harmless at every step: segments under temporary names, then their
names, then the commit record, then the log is removed. Until the record is there the log
counts and sealing starts over; the same log always gives the same file names.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.lake import commits, frames, hours, layout, rows, segments
from pipeline.lake.errors import LakeError, explain, log_warning
from pipeline.lake.system import files
from pipeline.lake.wal import Wal
from pipeline.schema import DERIVED, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def seal(root: Path, wal: Wal) -> commits.Commit | None:
    """Turn a durable log that nobody appends to into segments and remove it.

    Returns the commit record, or ``None`` when the log held nothing at all. Raises ``LakeError``;
    then the log is still there and counts.
    """
    try:
        commit = commits.read(root, wal.stem)
        if commit is None or not _complete(root, commit):
            commit = _write_all(root, wal)
        wal.remove()
    except OSError as error:
        raise explain(error, root, f"sealing {wal.path.name} (its rows are safe in the log)") from error
    pa.default_memory_pool().release_unused()
    return commit


def recover(root: Path, report: Callable[[str], None] = log_warning) -> list[commits.Commit]:
    """Seal the logs of writers that are gone; logs of living ones are not touched.

    Says through ``report`` what could not be read or sealed. Raises nothing.
    """
    done = []
    for stem in layout.stems(root / layout.WAL, ".wal.new"):
        _drop_unfinished(layout.wal_path(root, stem).with_suffix(".wal.new"))
    for stem in layout.stems(root / layout.WAL, ".wal"):
        try:
            commit = _recover_one(root, stem)
        except LakeError as error:
            report(str(error))
            continue
        if commit:
            done.append(commit)
            _report_damages(root, commit, report)
    return done


def _recover_one(root: Path, stem: str) -> commits.Commit | None:
    path = layout.wal_path(root, stem)
    try:
        wal = Wal.adopt(path)
    except OSError as error:
        raise explain(error, path, "taking over the log of a writer that is gone") from error
    if wal is None:
        return None
    try:
        return seal(root, wal)
    finally:
        wal.close()


def _drop_unfinished(path: Path) -> None:
    """Remove a log that never got its name, unless its writer is just making it."""
    try:
        fd = files.opened(path, os.O_RDWR)
    except OSError:
        return
    try:
        if files.try_lock(fd):
            files.remove(path)
    except OSError:
        return
    finally:
        os.close(fd)


def _complete(root: Path, commit: commits.Commit) -> bool:
    """Whether every segment of a commit is there in full."""
    try:
        return all((root / s.path).stat().st_size == s.bytes for s in commit.segments)
    except FileNotFoundError:
        return False


def _write_all(root: Path, wal: Wal) -> commits.Commit | None:
    """Segments and commit record of a log; ``None`` for an empty one."""
    with files.mapped(wal.path) as content:  # nobody else may change it: this process holds the lock
        scan = frames.scan(content, verify_chain=True)
        if not scan.frames and not scan.damages:
            return None
        _keep_damaged(root, wal, scan)
        # A lost header is replaced by what stays the same at a second try: file names depend on it.
        written_ns = os.fstat(wal.fd).st_mtime_ns
        header = scan.header or {"host": "unknown", "created_ns": written_ns}
        parts = _parts(wal, scan, header, written_ns)
        if "activity" in parts:
            parts["activity_hours"] = [hours.of(parts["activity"])]
        made = [
            segment
            for table, tables in parts.items()
            for segment in segments.write(
                root, wal.stem, table, tables, host=header["host"], created_ns=header["created_ns"]
            )
        ]
        commit = commits.Commit(
            wal.stem, header, time.time_ns(), scan.chain.hex(),
            {t: sum(p.num_rows for p in tables) for t, tables in parts.items() if t not in DERIVED}, tuple(made),
            commits.sequences(parts.get("activity", [])), commits.losses(parts.get("coverage", [])),
            tuple(asdict(d) for d in scan.damages),
        )  # fmt: skip
    for segment in made:
        segments.publish(root, segment)
    commits.write(root, commit)
    return commit


def _parts(wal: Wal, scan: frames.Scan, header: dict[str, Any], written_ns: int) -> dict[str, list[pa.Table]]:
    """Rows of a log per table, and what was lost of it as rows of ``coverage``. Raises ``LakeError``."""
    parts: dict[str, list[pa.Table]] = {}
    try:
        for frame in scan.frames:
            parts.setdefault(frame.table, []).append(rows.tidy(frame.table, frame.read()))
    except (KeyError, TypeError, IndexError, OSError, pa.ArrowException) as error:
        raise LakeError(
            f"{wal.path}: this version cannot read its rows ({error}): seal it with the version that wrote it"
        ) from error
    if scan.damages:
        parts.setdefault("coverage", []).append(_losses(scan.damages, header, written_ns))
    return parts


def _losses(damages: Sequence[frames.Damage], header: dict[str, Any], written_ns: int) -> pa.Table:
    """Loss is data: one row per damage; ``lost`` is NULL where nobody knows how many rows it was."""
    count = len(damages)
    since, until = (pa.array([ns // 1000] * count, TIME) for ns in (header["created_ns"], written_ns))
    return rows.tidy("coverage", pa.table({
        "host": [header["host"]] * count, "source": ["lake"] * count,
        "reason": ["log_torn" if d.torn else "log_damaged" for d in damages],
        "since": since, "until": until, "lost": pa.array([d.rows for d in damages], pa.int64()),
    }))  # fmt: skip


def _keep_damaged(root: Path, wal: Wal, scan: frames.Scan) -> None:
    """Put unreadable bytes aside: nothing of an audit log is ever thrown away."""
    for damage in scan.damages:
        if damage.length:
            layout.make_folder(root / layout.DAMAGED)
            content = files.read_at(wal.fd, damage.length, damage.offset)
            layout.write_whole(root / layout.DAMAGED / f"{wal.stem}@{damage.offset}", [content])


def _report_damages(root: Path, commit: commits.Commit, report: Callable[[str], None]) -> None:
    for d in commit.damages:
        count = "" if d["rows"] is None else f", {d['rows']} rows"
        report(
            f"{layout.wal_path(root, commit.stem)}: {d['reason']} at byte {d['offset']} ({d['length']} bytes{count}):"
            f" everything else was recovered, these bytes are kept in {root / layout.DAMAGED}"
        )
