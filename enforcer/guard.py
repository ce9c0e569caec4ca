"""What Lictor never acts on, whatever a policy or a person asks.

A wrong kill is worse than a missed one: it takes down the machine or the watcher. Each order
passes here right before it is carried out, against ``/proc`` as it is then.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.identity import ProcessStat, key_of, read_stat
from enforcer.interface import GuardRefusal
from enforcer.permits import Permits
from enforcer.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from enforcer.interface import Order

RUNTIMES = frozenset({
    "conmon", "containerd", "containerd-shim", "containerd-shim-runc-v2", "crio", "crun", "dockerd", "k3s", "kubelet",
    "lxc-start", "podman", "rkt", "runc", "systemd", "systemd-nspawn",
})  # fmt: skip
"""Programs that hold up other people's containers or sessions: an agent may have started one, it is not the agent.

Only where root runs them. One of a plain user holds up nothing but that user's own, and else an agent that copies
its shell to a file named ``runc`` would be spared.
"""


def exe_of(pid: int) -> str:
    """The program of a process; raises ``OSError`` when it is gone or may not be looked at."""
    return os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115 - a name of the kernel's, not a path to walk


def is_of_root(pid: int) -> bool:
    """Whether a process runs as root; raises ``OSError`` when it is gone."""
    # The folder has the effective user also of a process that forbids to be dumped; the files in it then do not.
    return os.stat(f"/proc/{pid}").st_uid == 0  # noqa: PTH116 - as above


class Guard(Permits):
    """Checks orders; ``look`` reads one process (raises ``ProcessLookupError`` when gone), ``own`` is Lictor's pid.

    ``files`` are paths that are never taken away, with all below them.
    """

    def __init__(
        self,
        look: Callable[[int], ProcessStat] = read_stat,
        own: int | None = None,
        *,
        exe: Callable[[int], str] = exe_of,
        of_root: Callable[[int], bool] = is_of_root,
        files: Iterable[Path] = (),
        rate: Callable[[int], Rate] = Rate,
    ) -> None:
        self._look = look
        self._exe = exe
        self._of_root = of_root
        self._own = os.getpid() if own is None else own
        self._files = [str(file) for file in files]
        super().__init__(rate)
        # Kept from the start: a parent that has ended since must not hand its pid's protection on,
        # but one that is alive stays protected also after Lictor was given to another parent.
        self._first = {stat.pid: key_of(stat) for stat in self._lineage()}

    def check(self, order: Order) -> None:
        """Raise ``GuardRefusal`` unless the order's process may be acted on.

        A process that is gone passes, as long as no other has its pid: whoever acts will find out.
        """
        if not order.run:
            raise GuardRefusal(f"process {order.pid} belongs to no agent run; not touched")
        self._check_pid(order.pid)
        try:
            stat = self._look(order.pid)
        except ProcessLookupError:
            return
        if key_of(stat) != order.process_key:
            raise GuardRefusal(f"pid {order.pid} is another process by now; not touched")
        self._check_process(stat)

    def check_group(self, run: str, pids: Iterable[int], programs: Mapping[int, str] | None = None) -> None:
        """Raise ``GuardRefusal`` when a group that is to be acted on as a whole holds a protected process.

        ``programs`` are the names of those programs that the kernel has told at once. All others are asked for
        one by one, and so are those whose name counts.
        """
        if not run:
            raise GuardRefusal("a group that belongs to no agent run is not touched")
        # A run may hold a thousand processes, and must be dead in a tenth of a second: no call for each of them.
        members = set(pids)
        if members:
            self._check_pid(min(members))
        known = programs or {}
        for pid in [pid for pid in members if (name := known.get(pid)) is None or name in RUNTIMES]:
            self._check_program(pid)
        ours = self._first | {stat.pid: key_of(stat) for stat in self._lineage()}
        for pid in ours.keys() & members:
            with suppress(ProcessLookupError):
                self._check_process(self._look(pid))

    def check_file(self, path: str) -> None:
        """Raise ``GuardRefusal`` for a file that Lictor, or the first process of the system, lives on."""
        # A renamed file's path is as the program gave it: it may go by "..", or through a link.
        folder, name = os.path.split(path)
        names = {path, os.path.join(os.path.realpath(folder), name)}  # noqa: PTH118 - as the kernel has it
        for own in self._files:
            if any(f"{one}/".startswith(f"{own}/") for one in names):
                raise GuardRefusal(f"{path} belongs to Lictor; not taken away")
        try:
            status = os.lstat(path)
        except OSError:  # whoever takes it will find out
            return
        for pid in (self._own, 1):
            if not {(status.st_dev, status.st_ino), *names}.isdisjoint(_mapped(pid)):
                raise GuardRefusal(f"{path} is part of a running program that the system needs; not taken away")

    @staticmethod
    def _check_pid(pid: int) -> None:
        # kill(0) and kill(-1) would reach whole groups; 1 is init.
        if pid <= 1:
            raise GuardRefusal(f"pid {pid} is never touched")

    def _check_process(self, stat: ProcessStat) -> None:
        if stat.kernel_thread:
            raise GuardRefusal(f"process {stat.pid} is a kernel thread; not touched")
        if key_of(stat) in {*self._first.values(), *(key_of(mine) for mine in self._lineage())}:
            raise GuardRefusal(f"process {stat.pid} is Lictor itself or one of its parents; not touched")
        self._check_program(stat.pid)

    def _check_program(self, pid: int) -> None:
        with suppress(OSError):
            name = os.path.basename(self._exe(pid)).removesuffix(" (deleted)")  # noqa: PTH119 - a text of the kernel's
            if name in RUNTIMES and self._of_root(pid):
                raise GuardRefusal(f"process {pid} is {name}, which holds up more than this run; not touched")

    def _lineage(self) -> Iterable[ProcessStat]:
        """Lictor and each process above it, as they are now."""
        pid, seen = self._own, set[int]()
        # /proc is read while it changes: a pid that is used again could lead the walk in a circle.
        while pid > 0 and pid not in seen:
            seen.add(pid)
            try:
                stat = self._look(pid)
            except ProcessLookupError:  # it ended while we walked; its children went to a reaper
                return
            yield stat
            pid = stat.parent_pid


def _mapped(pid: int) -> set[tuple[int, int] | str]:
    """Each file that a process has mapped, its program and its libraries: by (device, inode), and by path.

    By both, since a file can have many names, and btrfs and overlay tell ``stat`` another device than here.
    """
    found = set[tuple[int, int] | str]()
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and fields[5].startswith("/"):
                major, minor = fields[3].split(":")
                found |= {(os.makedev(int(major, 16), int(minor, 16)), int(fields[4])), fields[5]}
    return found
