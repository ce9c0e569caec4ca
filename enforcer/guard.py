"""What Lictor never acts on, whatever a policy or a person asks.

A wrong kill is worse than a missed one: it takes down the machine or the watcher. Each order
passes here right before it is carried out, against ``/proc`` as it is then.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from collectors.identity import ProcessStat, key_of, read_stat
from enforcer.interface import GuardRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from enforcer.interface import Order


class Guard:
    """Checks orders; ``look`` reads one process (raises ``ProcessLookupError`` when gone), ``own`` is Lictor's pid."""

    def __init__(self, look: Callable[[int], ProcessStat] = read_stat, own: int | None = None) -> None:
        self._look = look
        self._own = os.getpid() if own is None else own
        # Kept from the start: a parent that has ended since must not hand its pid's protection on,
        # but one that is alive stays protected also after Lictor was given to another parent.
        self._first = {key_of(stat) for stat in self._lineage()}

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

    def check_group(self, run: str, pids: Iterable[int]) -> None:
        """Raise ``GuardRefusal`` when a group that is to be ended as a whole holds a protected process."""
        if not run:
            raise GuardRefusal("a group that belongs to no agent run is not touched")
        for pid in pids:
            self._check_pid(pid)
            try:
                self._check_process(self._look(pid))
            except ProcessLookupError:
                continue

    @staticmethod
    def _check_pid(pid: int) -> None:
        # kill(0) and kill(-1) would reach whole groups; 1 is init.
        if pid <= 1:
            raise GuardRefusal(f"pid {pid} is never touched")

    def _check_process(self, stat: ProcessStat) -> None:
        if stat.kernel_thread:
            raise GuardRefusal(f"process {stat.pid} is a kernel thread; not touched")
        if key_of(stat) in self._first | {key_of(mine) for mine in self._lineage()}:
            raise GuardRefusal(f"process {stat.pid} is Lictor itself or one of its parents; not touched")

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
