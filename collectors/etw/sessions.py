"""The sessions that a live collector keeps, as data: which providers, which of their events, and how much memory.

Three, since they want different things. Command lines and short-lived processes need small buffers that are handed over
within milliseconds; files and connections need room. Buffers are of the whole machine and cannot be paged out.

Masks and ids are those of the providers' manifests, and only what ``tables`` makes rows of is asked for. Names carry
who made them, so that what a Lictor that died left running is known from what another one uses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PREFIX = "lictor"

REAL_TIME, SYSTEM_LOGGER = 0x100, 0x0200_0000  # EVENT_TRACE_REAL_TIME_MODE, EVENT_TRACE_SYSTEM_LOGGER_MODE
PROCESSES, FILE_NAMES = 0x1, 0x200  # EVENT_TRACE_FLAG_PROCESS, EVENT_TRACE_FLAG_DISK_FILE_IO
START_KEY, WITH_KEYWORD = 0x80, 0x10  # EVENT_ENABLE_PROPERTY_PROCESS_START_KEY, …_IGNORE_KEYWORD_0
_INFORMATION, _VERBOSE = 4, 5


@dataclass(frozen=True)
class Provider:
    """One provider of a session. ``mask`` 0 asks for all keywords; the kernel filters by ``ids`` (64 at most)."""

    name: str
    mask: int
    ids: tuple[int, ...]
    level: int = _INFORMATION

    @property
    def properties(self) -> int:
        """What else each of its events is to carry; with a mask, events without any keyword are left out."""
        return START_KEY | (WITH_KEYWORD if self.mask else 0)


@dataclass(frozen=True)
class Session:
    """One session. ``classes`` are those of the rows that its events become.

    ``flush_s``: how often Lictor asks for what is in its buffers; ``timer_s``: how often Windows hands it over by itself.
    """

    kind: str
    buffer_kib: int
    least: int
    most: int
    timer_s: int
    classes: tuple[str, ...]
    flush_s: float | None = None
    mode: int = REAL_TIME
    flags: int = 0
    providers: tuple[Provider, ...] = ()


SYSTEM = Session("sys", 32, 64, 512, 1, ("process",), flush_s=0.005, mode=REAL_TIME | SYSTEM_LOGGER, flags=PROCESSES)
"""The kernel's own process events: Kernel-Process has no command line. Begins with one event for each process there is."""

PROCESS = Session(
    "proc", 32, 64, 512, 1, ("process",), flush_s=0.005,
    providers=(Provider("Microsoft-Windows-Kernel-Process", 0x50, (1, 2, 5, 15)),),
)  # fmt: skip

ACTIVITY = Session(
    "act", 256, 64, 128, 1, ("file", "network", "dns", "registry", "process", "kernel"),
    providers=(
        Provider("Microsoft-Windows-Kernel-File", 0x1F90, (10, 12, 15, 16, 26, 27, 28, 30)),
        Provider("Microsoft-Windows-Kernel-Network", 0x30, (10, 11, 12, 15, 26, 27, 28, 31, 42, 43, 58, 59)),
        Provider("Microsoft-Windows-DNS-Client", 0, (3008, 3018)),
        Provider("Microsoft-Windows-Kernel-Registry", 0x5300, (1, 3, 5, 6)),
        Provider("Microsoft-Antimalware-Scan-Interface", 0, (1101,)),
        Provider("Microsoft-Windows-PowerShell", 0, (4104,), _VERBOSE),
        Provider("Microsoft-Windows-Kernel-Audit-API-Calls", 0, (2, 5, 6)),
        Provider("Microsoft-Windows-Kernel-General", 0x20, (14,)),
    ),
)  # fmt: skip

NAMES = Session("names", 256, 64, 128, 1, ("file",), mode=REAL_TIME | SYSTEM_LOGGER, flags=FILE_NAMES)
"""Begun and ended at once: when it ends the kernel names each file that is open. Else reads and writes of those have no path."""

SESSIONS: tuple[Session, ...] = (SYSTEM, PROCESS, ACTIVITY)
"""Those that stay."""


@dataclass(frozen=True)
class Owner:
    """The process that a session belongs to; ``created`` is a FILETIME."""

    pid: int
    created: int

    def name(self, session: Session) -> str:
        """Name of its session."""
        return f"{PREFIX}-{session.kind}-{self.pid:x}-{self.created:x}"


def owner_of(name: str) -> Owner | None:
    """Whose session it is; ``None`` where it is none of Lictor's."""
    parts = name.split("-")
    if len(parts) != 4 or parts[0] != PREFIX:
        return None
    try:
        return Owner(int(parts[2], 16), int(parts[3], 16))
    except ValueError:
        return None


def stale(names: Iterable[str], living: Iterable[Owner]) -> list[str]:
    """Sessions of Lictor whose process is gone."""
    alive = set(living)
    return [name for name in names if (owner := owner_of(name)) is not None and owner not in alive]
