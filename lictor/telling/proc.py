"""The few fields of ``/proc/PID/stat`` that tell where a process belongs: parent, session, terminal, start.

``collectors.identity`` reads such a line too, but brings numpy along, and a hook has no tenth of a second for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_DEAD = ("Z", "X", "x")


@dataclass(frozen=True)
class Place:
    """Where a process belongs.

    ``terminal`` is the device number of its controlling terminal as the kernel prints it, 0 for none; ``start``
    counts ticks of 10 ms since boot.
    """

    parent: int
    session: int
    terminal: int
    start: int
    dead: bool


def place_of(pid: int) -> Place | None:
    """Where a process belongs; ``None`` when there is no such process."""
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in field 2 may hold spaces and brackets; only the last bracket ends it.
    fields = line.rpartition(b")")[2].split()
    return Place(
        parent=int(fields[1]),
        session=int(fields[3]),
        terminal=int(fields[4]) & 0xFFFFFFFF,
        start=int(fields[19]),
        dead=fields[0].decode("ascii") in _DEAD,
    )
