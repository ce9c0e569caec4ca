"""Dead letters: events that a receiver will never take, each with the reason, kept until somebody sends them again.

::

    <lake>/export/<destination>/dead/<first 32 digits of its SHA-256>.jsonl

One event a line. A file's name is made of what it holds beside the time, so that a batch which is refused a second time
after a crash leaves one file. Payloads are as they were sent, after redaction.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline import schema
from pipeline.export.errors import ExportError
from pipeline.export.sinks.interface import Batch
from pipeline.lake import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

LARGEST = 1 << 30
"""Bytes of dead letters of one destination before its export stops: a receiver that refuses everything must not fill the disk."""


class DeadLetters:
    """The dead letters of one destination."""

    def __init__(self, folder: Path, clock: Callable[[], float], largest: int = LARGEST) -> None:
        """``clock`` tells seconds since 1970."""
        self._folder = folder
        self._clock = clock
        self._largest = largest
        self.written: set[Path] = set()
        """Files that this object wrote."""

    def add(self, batch: Batch, dead: Sequence[tuple[int, str]]) -> None:
        """Keep events of a batch, durable when this returns; raises ``ExportError`` where they cannot be."""
        positions = pa.array([position for position, _ in dead], pa.int64())
        columns = [c.take(positions).to_pylist() for c in batch.columns()]
        rows = zip(*columns, (reason for _, reason in dead), strict=True)
        letters = [_letter(batch, *row) for row in rows]
        name = hashlib.sha256("\n".join(map(json.dumps, letters)).encode()).hexdigest()[:32]
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        lines = [json.dumps({"at": at, **letter}).encode() + b"\n" for letter in letters]
        self._make_room(sum(map(len, lines)))
        try:
            layout.make_folder(self._folder)
            layout.write_whole(self._folder / f"{name}.jsonl", lines)
            self.written.add(self._folder / f"{name}.jsonl")
        except OSError as error:
            raise ExportError(
                f"{self._folder}: dead letters cannot be kept ({error.strerror}): free some space there"
            ) from None

    def batches(self) -> Iterator[tuple[Path, list[Batch]]]:
        """Each file and its events, those of one table together; raises ``ExportError`` for a file that cannot be read."""
        for path in self.files():
            try:
                letters = [json.loads(line) for line in path.read_bytes().splitlines()]
                kinds = {(letter["table"], letter["json"]) for letter in letters}
                yield (
                    path,
                    [_batch([x for x in letters if (x["table"], x["json"]) == kind], *kind) for kind in sorted(kinds)],
                )
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ExportError(
                    f"{path}: damaged dead letters ({error}): move the file away to go on without it"
                ) from None

    def files(self) -> list[Path]:
        """The files, oldest first."""
        return sorted(self._folder.glob("*.jsonl"), key=lambda p: (p.stat().st_mtime_ns, p.name))

    def _make_room(self, coming: int) -> None:
        held = sum(path.stat().st_size for path in self.files())
        if held + coming > self._largest:
            raise ExportError(
                f"{self._folder}: {held >> 20} MiB of dead letters, and no more are kept: see why they were refused, then"
                " send them again with lictor export replay, or remove them"
            )


def _letter(
    batch: Batch, payload: bytes, name: str, time: datetime | None, severity: str | None, host: str | None, reason: str
) -> dict[str, Any]:
    return {
        "reason": reason, "table": batch.table, "id": name, "time": time.isoformat() if time else None,
        "severity": severity, "host": host, "json": batch.json, "payload": payload.decode("utf-8", "surrogateescape"),
    }  # fmt: skip


def _batch(letters: list[dict[str, Any]], table: str, json_payloads: bool) -> Batch:
    if table not in schema.TABLES:
        raise ValueError(f"no table {table!a}")
    times = [datetime.fromisoformat(x["time"]) if x["time"] else None for x in letters]
    return Batch.of(
        table,
        pa.array([x["payload"].encode("utf-8", "surrogateescape") for x in letters], pa.binary()),
        pa.array([x["id"] for x in letters], pa.string()),
        pa.array(times, pa.timestamp("us")),
        pa.array([x["severity"] for x in letters], pa.string()),
        pa.array([x["host"] for x in letters], pa.string()),
        json=json_payloads,
    )
