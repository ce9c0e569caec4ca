"""What the collector must know of the machine: how its clocks differ, how many processors there may be, where its links lead."""

from __future__ import annotations

import time
from pathlib import Path

POSSIBLE = Path("/sys/devices/system/cpu/possible")


def clock_offset_ns() -> int:
    """Nanoseconds to add to the boot clock for time since 1970."""
    return time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def possible_processors(file: Path = POSSIBLE) -> int:
    """Processors that the kernel may ever bring up: the length of a per-CPU map's value."""
    text = file.read_text(encoding="ascii").strip()
    return int(text.rsplit("-", 1)[-1].rsplit(",", 1)[-1]) + 1


def link_target(path: Path) -> str | None:
    """Where a symbolic link leads; ``None`` for one that is gone or may not be read."""
    try:
        return str(path.readlink())
    except OSError:
        return None
