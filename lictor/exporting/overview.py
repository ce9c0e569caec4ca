"""What ``lictor export status`` shows: one row per destination, from the small files that exports keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from lictor.exporting.model import names, saved
from lictor.exporting.wiring import DEAD
from pipeline.export.dead import DeadLetters
from pipeline.export.status import Status, moment, read

COLUMNS = pa.schema(
    [
        ("destination", pa.string()), ("to", pa.string()), ("format", pa.string()), ("state", pa.string()),
        ("sent", pa.int64()), ("retried", pa.int64()), ("dead", pa.int64()), ("left_out", pa.int64()), ("bytes", pa.int64()),
        ("lag_seconds", pa.float64()), ("lag_rows", pa.int64()), ("last_sent", pa.string()), ("updated", pa.string()),
        ("dead_files", pa.int64()), ("last_error", pa.string()),
    ]
)  # fmt: skip


def overview(lake: Path, clock: Callable[[], float], alive: Callable[[int], bool]) -> pa.Table:
    """A row per destination; ``clock`` tells seconds since 1970, ``alive`` whether a process is there.

    ``state`` is running, waiting (the receiver takes nothing), stopped, failed, or gone: its process ended without a word.
    """
    return pa.Table.from_pylist([_row(lake, name, clock, alive) for name in names(lake)], schema=COLUMNS)


def _row(lake: Path, name: str, clock: Callable[[], float], alive: Callable[[int], bool]) -> dict[str, object]:
    folder = saved(lake, name).folder(lake)
    status = read(folder) or Status(name, saved(lake, name).to.partition("?")[0], saved(lake, name).format, "stopped")
    gone = status.state in {"running", "waiting"} and not alive(status.pid)
    return {
        "destination": name, "to": status.to, "format": status.format, "state": "gone" if gone else status.state,
        "sent": status.sent, "retried": status.retried, "dead": status.dead, "left_out": status.left_out,
        "bytes": status.bytes, "lag_seconds": round(status.lag_seconds(clock()), 3), "lag_rows": status.lag_rows,
        "last_sent": moment(status.last_sent), "updated": moment(status.updated) if status.updated else None,
        "dead_files": len(DeadLetters(folder / DEAD, clock).files()), "last_error": status.last_error,
    }  # fmt: skip
