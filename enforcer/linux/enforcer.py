"""Carries out orders on Linux: pidfd for one process, cgroup for a run, ``/proc`` for the proof."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from enforcer.guard import Guard
from enforcer.interface import Enforcer, Outcome
from enforcer.linux import process
from enforcer.linux.cgroupfs import CgroupError

if TYPE_CHECKING:
    from enforcer.interface import Order, RunHandle


class LinuxEnforcer(Enforcer):
    """Acts through the kernel; every order passes the guard first."""

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = Guard() if guard is None else guard

    def kill_process(self, order: Order, timeout: float) -> Outcome:
        """SIGKILL by pidfd; see ``Enforcer``."""
        self._guard.check(order)
        return process.kill_process(order.pid, order.process_key, timeout)

    def wait_gone(self, order: Order, timeout: float) -> Outcome | None:
        """Read ``/proc`` and a pidfd; see ``Enforcer``."""
        return process.wait_gone(order.pid, order.process_key, timeout)

    def kill_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """``cgroup.kill``, then each tagged process that has left the cgroup; see ``Enforcer``."""
        deadline = time.monotonic() + timeout
        self._guard.check_group(handle.run, [] if handle.group is None else handle.group.pids())
        try:
            if handle.group is not None:
                handle.group.kill()
        except CgroupError as error:
            return Outcome("failed", str(error))
        while True:
            self._kill_survivors(order, handle)
            left = deadline - time.monotonic()
            proof = self.wait_run_gone(order, handle, min(max(left, 0), 0.01))
            if proof is not None:
                return Outcome(proof.enforcement, f"{self._means(handle)}; {proof.evidence}")
            if left <= 0:
                return Outcome("unverified", self._means(handle))

    def wait_run_gone(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:
        """``cgroup.events``, then a walk for tagged processes elsewhere, which are killed when found; see ``Enforcer``."""
        if handle.group is not None and not handle.group.wait_empty(timeout):
            return None
        if self._kill_survivors(order, handle):
            return None
        seen = "the run has no cgroup" if handle.group is None else "cgroup.events shows populated 0"
        return Outcome("confirmed", f"{seen}; no tagged process is left elsewhere")

    def _kill_survivors(self, order: Order, handle: RunHandle) -> int:
        """Signal tagged processes that live outside the cgroup, waiting for none; returns how many lived."""
        alive = [(pid, key) for pid, key in handle.survivors() if process.alive(pid, key)]
        for pid, key in alive:
            self._guard.check(replace(order, run=handle.run, pid=pid, process_key=key))
            process.kill_process(pid, key, 0)
        return len(alive)

    @staticmethod
    def _means(handle: RunHandle) -> str:
        return "each tagged process signalled" if handle.group is None else "cgroup.kill written"
