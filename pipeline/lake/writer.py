"""The writing end of a lake: batches in, durable within a second, Parquet in the background.

Appending costs a buffer; the log is written and made durable after 10,000 rows or half a
second, whichever comes first (the caller's ``tick`` is the clock, there is no timer thread).
Full or old logs are sealed by one background thread at low priority: pyarrow releases the
interpreter lock while it sorts and compresses, so taking in events goes on. Writers share
nothing but the folder: each has logs and segments of its own name.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pipeline import schema
from pipeline.lake import frames, layout, rows
from pipeline.lake.errors import LakeError, explain, log_warning
from pipeline.lake.system import files
from pipeline.lake.wal import Wal

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import pyarrow as pa

MAX_ROWS = 10_000
"""Rows held in memory before they are made durable."""
MAX_HELD_S = 0.5
"""Seconds after which ``tick`` makes rows durable; half of what is promised, the rest is for the caller's rhythm."""
SEAL_BYTES = 64 * 1024 * 1024
SEAL_AGE_S = 600.0
MAX_BACKLOG = 1_000_000
"""Rows kept in memory while the log cannot be written; beyond it ``append`` refuses more."""


class State(NamedTuple):
    """Where a writer stands: bytes written to logs, when a log was last made durable and since when the oldest row
    waits for that (s, the writer's clock), logs that wait to be sealed.
    """

    written: int
    durable_at: float | None
    unsynced_since: float | None
    waiting: int


class LakeWriter:
    """Writes the tables of ``pipeline.schema`` into the lake at ``root``; safe to use from several threads.

    ``host`` is the partition of rows that name no host. ``clock`` gives monotonic seconds, ``wall``
    nanoseconds since 1970. ``report`` is told, one line each, what recovery or the background sealing
    could not do; ``seen`` of all rows that were taken in. Logs of writers that are gone are sealed in the background.
    Raises ``LakeError``.
    """

    def __init__(
        self, root: Path | str, host: str, *, clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns, report: Callable[[str], None] = log_warning,
        seen: Callable[[str, pa.Table], None] | None = None,
    ) -> None:  # fmt: skip
        self.root = Path(root)
        self.host = host
        self._clock, self._wall, self._report, self._seen = clock, wall, report, seen
        self._written = 0
        self._durable_at: float | None = None
        layout.prepare(self.root)
        started = datetime.fromtimestamp(wall() / 1e9, UTC)
        self.name = f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self._number = 0
        self._lock = threading.RLock()
        self._held: dict[str, list[pa.Table]] = {}
        self._held_rows = 0
        self._held_since = 0.0
        self._unsynced_since: float | None = None
        self._wal: Wal | None = None
        self._wal_since = 0.0
        self._chain = frames.START
        self._waiting: list[Wal] = []  # full logs that are not sealed yet
        self._sealer = ThreadPoolExecutor(1, "lake-seal", initializer=files.be_nice)
        self._job: Future[None] | None = None
        self._closed = False
        self._probe()
        self._job = self._sealer.submit(self._recover)

    def _probe(self) -> None:
        """Find out now, not with the first event, whether a log can be made here."""
        if not files.may_write(self.root / layout.WAL):
            raise explain(PermissionError(13, "Permission denied"), self.root, "opening the lake for writing")

    def append(self, table: str, part: pa.RecordBatch | pa.Table) -> None:
        """Take in rows; durable at the latest one second later if ``tick`` is called every 100 ms.

        Raises ``KeyError`` for an unknown table or column and ``TypeError`` for a wrong type (nothing is
        taken), and ``LakeError`` when the log cannot be written: the rows are kept and tried again with
        the next call, up to ``MAX_BACKLOG`` rows.
        """
        tidy = rows.tidy(table, part)
        if not tidy.num_rows:
            return
        with self._lock:
            if self._closed:
                raise LakeError(f"{self.root}: this writer is closed: open a new one")
            if self._held_rows >= MAX_BACKLOG:
                self._write_held()  # raises what stands in the way
            if not self._held_rows:
                self._held_since = self._clock()
            self._held.setdefault(table, []).append(tidy)
            self._held_rows += tidy.num_rows
            if self._seen is not None:
                self._seen(table, tidy)
            if self._held_rows >= MAX_ROWS:
                self.sync()

    def tick(self) -> None:
        """Do what time asks for: make rows durable, hand over old logs. Cheap; raises ``LakeError``."""
        with self._lock:
            since = self._held_since if self._held_rows else self._unsynced_since
            if since is not None and self._clock() - since >= MAX_HELD_S:
                self.sync()
            if self._wal and self._clock() - self._wal_since >= SEAL_AGE_S:
                self._rotate()

    def flush(self, table: str) -> None:
        """Hand what was appended to one table to the system: no end of this process can lose it, only one of the machine.

        Durable at the latest a second later, as with ``append``. Raises ``LakeError``.
        """
        with self._lock:
            if table in self._held:
                self._hand_over([table])

    def sync(self) -> None:
        """Make everything appended so far durable. Raises ``LakeError``."""
        with self._lock:
            if self._held_rows or self._unsynced_since is not None:
                self._write_held()
                if self._wal and self._wal.size >= SEAL_BYTES:
                    self._rotate()

    def state(self) -> State:
        """Where it stands now, without waiting for anybody."""
        oldest = self._unsynced_since if self._unsynced_since is not None or not self._held_rows else self._held_since
        return State(self._written, self._durable_at, oldest, len(self._waiting))

    def seal(self) -> None:
        """Make everything appended so far a Parquet segment; returns when it is. Raises ``LakeError``."""
        with self._lock:
            self.sync()
            self._rotate()
        self._wait()
        with self._lock:
            if self._waiting:
                self._seal_waiting(raise_first=True)

    def close(self) -> None:
        """Make everything durable and seal it; safe to call twice. Raises ``LakeError`` if rows cannot be made durable.

        Rows that are durable but cannot be sealed stay in the log, where queries find them and the next
        writer seals them; ``report`` is told.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        try:
            self.sync()
            self._rotate()
        finally:
            self._sealer.shutdown()
            for wal in [self._wal, *self._waiting]:
                if wal:
                    wal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_held(self) -> None:
        """Held rows to the log, durable. What could not be written stays held."""
        self._hand_over(list(self._held)).sync()
        self._unsynced_since, self._durable_at = None, self._clock()

    def _hand_over(self, tables: list[str]) -> Wal:
        """Held rows of some tables to the log. What could not be written stays held."""
        wal = self._wal or self._open_wal()
        if self._held and self._unsynced_since is None:
            self._unsynced_since = self._held_since
        for table in tables:
            before = wal.size
            wal.append(table, rows.join(self._held[table]))
            self._written += wal.size - before
            self._held_rows -= sum(p.num_rows for p in self._held.pop(table))
        return wal

    def _open_wal(self) -> Wal:
        self._number += 1
        path = layout.wal_path(self.root, f"{self.name}-{self._number}")
        try:
            self._wal = Wal.create(path, self._header())
        except OSError as error:
            raise explain(error, self.root, "starting a log") from error
        self._wal_since = self._clock()
        return self._wal

    def _header(self) -> dict[str, Any]:
        """First frame of a log; ``previous`` links the logs of one writer into one chain."""
        return {
            "writer": self.name, "number": self._number, "host": self.host, "pid": os.getpid(),
            "created_ns": self._wall(), "schema": schema.SCHEMA_VERSION, "previous": self._chain.hex(),
        }  # fmt: skip

    def _rotate(self) -> None:
        """Hand the current log to the background thread."""
        if self._wal is None:
            return
        if self._unsynced_since is not None:
            self._wal.sync()
            self._unsynced_since = None
        self._chain = self._wal.chain
        self._waiting.append(self._wal)
        self._wal = None
        self._job = self._sealer.submit(self._seal_waiting)

    def _wait(self) -> None:
        if self._job:
            self._job.result()

    def _seal_waiting(self, *, raise_first: bool = False) -> None:
        """Seal what waits, oldest first; what fails waits for the next time."""
        from pipeline.lake.seal import seal  # noqa: PLC0415  # Parquet costs 10 MB, which a writer at rest need not carry

        for wal in list(self._waiting):
            try:
                seal(self.root, wal)
            except LakeError as error:
                if raise_first:
                    raise
                self._report(str(error))
                return
            self._waiting.remove(wal)

    def _recover(self) -> None:
        if any(n for n in layout.stems(self.root / layout.WAL, ".wal")):
            from pipeline.lake.seal import recover  # noqa: PLC0415  # as above

            recover(self.root, self._report)
