"""What can be seen of the service from outside: its memory and processor time, and how far its exports are behind.

The sender looks at these, so the service spends nothing on them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from lictor.observing.metrics import Reading
from pipeline.export.status import STATUS, read

_ALIVE = ("running", "waiting")


class Outside:
    """The service as another process sees it."""

    def __init__(self, pid: int, lake: Path) -> None:
        self._pid = pid
        self._lake = lake

    def read(self) -> Iterator[Reading]:
        """All of it now; of a service that is gone, only the exports."""
        with suppress(psutil.Error):
            yield from self._process(psutil.Process(self._pid))
        yield from self._exports()

    @staticmethod
    def _process(process: psutil.Process) -> Iterator[Reading]:
        with process.oneshot():
            times = process.cpu_times()
            yield Reading("process.memory.usage", (), process.memory_info().rss)
            yield Reading("process.cpu.time", ("user",), times.user)
            yield Reading("process.cpu.time", ("system",), times.system)
            yield Reading("process.uptime", (), max(0.0, time.time() - process.create_time()))

    def _exports(self) -> Iterator[Reading]:
        for file in sorted(self._lake.glob(f"export/*/{STATUS}")):
            lag = lag_of(file.parent, time.time())
            if lag is not None:
                yield Reading("lictor.export.lag", (file.parent.name,), lag)


def lag_of(folder: Path, now: float) -> float | None:
    """Seconds that the export below ``folder`` is behind at ``now`` (s since 1970); ``None`` without a status.

    One that has died without a word is behind since its last word, whatever that was.
    """
    status = read(folder)
    if status is None:
        return None
    if status.state in _ALIVE and not psutil.pid_exists(status.pid):
        return max(0.0, now - (status.oldest_waiting or status.updated))
    return status.lag_seconds(now)
