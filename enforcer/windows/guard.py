"""What Lictor never acts on under Windows, whatever a policy or a person asks.

Ending csrss or wininit stops the machine with a blue screen; lsass and Defender are protected processes that cannot be ended and
whose refusal would look like a defect. A name alone protects nobody: an agent may call its program lsass.exe.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from ntpath import basename, normcase

from enforcer.interface import GuardRefusal, Order
from enforcer.permits import Permits
from enforcer.rate import Rate
from enforcer.windows import process, snapshot
from enforcer.windows.snapshot import Seen

SYSTEM = frozenset({"csrss.exe", "smss.exe", "wininit.exe", "services.exe", "lsass.exe", "winlogon.exe", "msmpeng.exe"})
"""Programs that the machine, or its protection, stands on."""

NEVER = (0, 4)
"""The idle process and the kernel's own."""

PLACES = (
    r"%systemroot%\system32",
    r"%programdata%\microsoft\windows defender",
    r"%programfiles%\windows defender",
)
"""Only administrators can write there: a program of those names elsewhere is not the system's."""


def lineage(pid: int, seen: Iterable[Seen], began: Callable[[int], int]) -> set[int]:
    """A process and those above it, as one snapshot has them.

    ``began`` gives the time of a creation or raises ``OSError``. Who is younger than its child has the pid of a parent that has ended,
    and is protected by nothing: it may be the agent. One whose time may not be asked for counts as a parent.
    """
    parents = {one.pid: one.parent for one in seen}
    found: set[int] = set()
    until: int | None = None
    while pid in parents and pid not in found:
        at = _time(began, pid)
        if at is not None and until is not None and at > until:
            break
        until = until if at is None else at
        found.add(pid)
        pid = parents[pid]
    return found - set(NEVER)


def _time(began: Callable[[int], int], pid: int) -> int | None:
    try:
        return began(pid)
    except OSError:
        return None


def is_system(name: str, path: str | None) -> bool:
    """Whether a program of this file name and path is the system's; without a path (it may not be asked for) the name counts. Pure."""
    if name.lower() not in SYSTEM:
        return False
    return path is None or any(normcase(path).startswith(f"{_expanded(place)}\\") for place in PLACES)


def _expanded(place: str) -> str:
    variable, _, rest = place.lstrip("%").partition("%")
    defaults = {"systemroot": r"c:\windows", "programdata": r"c:\programdata", "programfiles": r"c:\program files"}
    return normcase(os.environ.get(variable.upper(), defaults[variable]) + rest)


class WindowsGuard(Permits):
    """Checks orders right before they are carried out; raises ``GuardRefusal``."""

    def __init__(
        self,
        look: Callable[[], list[Seen]] = snapshot.processes,
        key: Callable[[int], int] = process.key,
        program: Callable[[int], str] = process.program,
        began: Callable[[int], int] = process.began,
        *,
        own: int | None = None,
        files: Iterable[str] = (),
        rate: Callable[[int], Rate] = Rate,
    ) -> None:
        """``files`` are paths that are never taken away, with all below them; so is the Python that runs this."""
        self._look, self._key, self._program, self._began = look, key, program, began
        self._own = os.getpid() if own is None else own
        self._files = [normcase(os.path.realpath(file)) for file in (*files, sys.prefix)]
        self._files.append(_expanded(r"%systemroot%"))
        super().__init__(rate)

    def check(self, order: Order) -> None:
        """Raise unless the order's process may be acted on; one that is gone passes, whoever acts will find out."""
        self.check_process(order.run, order.pid, order.process_key)

    def check_process(self, run: str, pid: int, key: int) -> None:
        """As ``check``, for one process of a run."""
        self.check_group(run, [pid])
        try:
            found = self._key(pid)
        except OSError:  # gone, or protected: whoever acts will find out
            return
        if found != key:
            raise GuardRefusal(f"pid {pid} is another process by now; not touched")

    def check_group(self, run: str, pids: Iterable[int]) -> None:
        """Raise when one of them is protected, or belongs to no run."""
        members = set(pids)
        if not run:
            raise GuardRefusal("a process that belongs to no agent run is not touched")
        for pid in members.intersection(NEVER):
            raise GuardRefusal(f"pid {pid} is the system itself; never touched")
        seen = self._look()
        for pid in sorted(members & lineage(self._own, seen, self._began)):
            raise GuardRefusal(f"process {pid} is Lictor itself or one of its parents; not touched")
        for one in seen:
            if one.pid in members and is_system(one.name, self._path(one)):
                raise GuardRefusal(f"process {one.pid} is {one.name}, which the machine stands on; not touched")

    def _path(self, one: Seen) -> str | None:
        if one.name.lower() not in SYSTEM:
            return None
        try:
            return self._program(one.pid)
        except OSError:
            return None

    def check_file(self, path: str) -> None:
        """Raise for a file that Lictor or Windows lives on, and for a name that is no file's."""
        if ":" in basename(path.rstrip("\\/")):
            raise GuardRefusal(f"{path} names a stream within a file; name the file")
        whole = normcase(os.path.realpath(path))
        for own in self._files:
            if f"{whole}\\".startswith(f"{own}\\"):
                raise GuardRefusal(f"{path} belongs to Lictor or to Windows; not taken away")
