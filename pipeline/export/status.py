"""What one destination has got so far, and how far it is behind: a small file below the lake, for people and monitors.

::

    <lake>/export/<destination>/status.json

Counts go on over restarts. The file is replaced as a whole, so that a reader always finds one that is complete.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STATUS = "status.json"
_EVERY_S = 1.0


@dataclass
class Status:
    """Counts are of events, times in seconds since 1970.

    ``sent``: accepted by the receiver. ``retried``: sent again (each time counts). ``dead``: refused for good. ``left_out``:
    not meant for this destination (its filter, or its format has no event for them). ``lag_rows``: read from the lake and
    not yet settled. ``oldest_waiting``: time of the oldest event among those; ``last_error`` is empty once it works again.
    """

    destination: str
    to: str
    format: str
    state: str = "running"
    sent: int = 0
    retried: int = 0
    dead: int = 0
    left_out: int = 0
    bytes: int = 0
    lag_rows: int = 0
    oldest_waiting: float | None = None
    last_sent: float | None = None
    last_error: str = ""
    started: float = 0.0
    updated: float = 0.0
    pid: int = 0

    def lag_seconds(self, now: float) -> float:
        """Age of the oldest event that is read and not settled; 0 where there is none."""
        return max(0.0, now - self.oldest_waiting) if self.oldest_waiting is not None else 0.0


class StatusFile:
    """The status of a running export and its file; ``folder`` ``None`` keeps it in memory only."""

    def __init__(self, folder: Path | None, status: Status, clock: Callable[[], float]) -> None:
        """``clock`` tells seconds since 1970."""
        self.status = status
        self._folder = folder
        self._clock = clock
        self._written = float("-inf")
        before = read(folder) if folder else None
        for name in ("sent", "retried", "dead", "left_out", "bytes", "last_sent"):
            setattr(status, name, getattr(before or status, name))
        status.started = clock()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock()

    def update(self, *, now: bool = False) -> None:
        """Write the file, at most once a second unless ``now``. A status that cannot be written stops no export."""
        moment = self._clock()
        if self._folder is None or not (now or moment - self._written >= _EVERY_S):
            return
        self.status.updated = self._written = moment
        content = asdict(self.status) | {"lag_seconds": round(self.status.lag_seconds(moment), 3)}
        temporary = self._folder / f"{STATUS}.tmp"
        try:
            temporary.write_text(json.dumps(content, indent=1) + "\n")
            temporary.replace(self._folder / STATUS)
        except OSError:
            return


def read(folder: Path) -> Status | None:
    """The status below a destination's folder; ``None`` where there is none that can be read."""
    try:
        content: dict[str, Any] = json.loads((folder / STATUS).read_bytes())
        known = {f.name for f in fields(Status)}
        return Status(**{k: v for k, v in content.items() if k in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def moment(seconds: float | None) -> str | None:
    """A time as people and programs read it."""
    return (
        None
        if seconds is None
        else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )
