"""Carries out orders on Windows: handle for one process, job object for a run, and what the system lists for the proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from enforcer.background import Background
from enforcer.interface import LEASE_MARGIN_S, Enforcer, GuardRefusal, Order, Outcome, ProcessGroup, RunHandle
from enforcer.windows import api, process
from enforcer.windows.guard import WindowsGuard
from enforcer.windows.identity import process_key

Take = Callable[[Order, str], Outcome]
"""Takes a file away: the order, and the id of its intent's row."""


def _no_vault(_order: Order, _deed: str) -> Outcome:
    return Outcome("failed", "there is no quarantine vault here")


class WindowsEnforcer(Enforcer):
    """Acts through handles; every order passes the guard first."""

    def __init__(self, guard: WindowsGuard | None = None, take: Take = _no_vault) -> None:
        """``take`` is a ``Quarantine``."""
        self._guard = WindowsGuard() if guard is None else guard
        self._take = take
        self._background = Background()

    def close(self) -> None:
        """Wait for what goes on in the background."""
        self._background.close()

    # One process

    def kill_process(self, order: Order, timeout: float) -> Outcome:
        """TerminateProcess by handle; see ``Enforcer``."""
        self._guard.check(order)
        if not self._guard.permit_process(order):
            return Outcome(
                "failed", "too many processes of this run were ended within a minute: the run is acted on as a whole"
            )
        return process.kill_process(order.pid, order.process_key, timeout)

    def wait_gone(self, order: Order, timeout: float) -> Outcome | None:
        """By handle; see ``Enforcer``."""
        return process.wait_gone(order.pid, order.process_key, timeout)

    def continue_process(self, order: Order) -> Outcome:
        """NtResumeProcess by handle; see ``Enforcer``. No sensor of Windows stops a process at its call, so this undoes a person's."""
        try:
            with process.opened(order.pid, api.SUSPEND_RESUME | api.QUERY) as handle:
                if process_key(order.pid, process.created(handle)) != order.process_key:
                    raise GuardRefusal(f"pid {order.pid} is another process by now; not touched")
                api.call("NtResumeProcess", handle)
        except ProcessLookupError:
            return Outcome("confirmed", f"process {order.pid} has ended; nothing is left to go on")
        except OSError as error:
            return Outcome("failed", str(error))
        return Outcome("unverified", f"NtResumeProcess called for process {order.pid}")

    # The run

    def kill_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """TerminateJobObject, then each process of the run that is elsewhere; see ``Enforcer``."""
        deadline = time.monotonic() + timeout
        self._guard.permit_run(order)
        try:
            group = self._group(handle)
            if group is not None:
                group.kill()
        except OSError as error:
            if handle.group is not None:
                return Outcome("failed", str(error))
            group = None  # none can be made: process by process then
        while True:
            proof = self._gone(handle, group, max(min(deadline - time.monotonic(), 0.02), 0))
            if proof is not None:
                return Outcome(proof.enforcement, f"{_means(group)}; {proof.evidence}")
            if time.monotonic() >= deadline:
                return Outcome("unverified", _means(group))

    def wait_run_gone(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:  # noqa: ARG002 - the interface has it
        """The job's own list, then whoever of the run is elsewhere, who is ended when found; see ``Enforcer``."""
        return self._gone(handle, handle.group, timeout)

    def _gone(self, handle: RunHandle, group: ProcessGroup | None, timeout: float) -> Outcome | None:
        if group is not None and not group.wait_empty(timeout):
            return None
        alive = [(pid, key) for pid, key in handle.survivors() if process.alive(pid, key)]
        for pid, key in alive:
            self._guard.check_process(handle.run, pid, key)
            process.kill_process(pid, key, 0)
        if alive:
            return None
        seen = "the run has no job" if group is None else "the job lists no process"
        return Outcome("confirmed", f"{seen}; no process of the run is left elsewhere")

    def freeze_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:
        """NtSuspendProcess over the job, under a lease; see ``Enforcer``."""
        self._guard.permit_run(order)
        handle.lease(handle.limits.seconds + LEASE_MARGIN_S)
        frozen = self.wait_run_frozen(order, handle, timeout)
        return frozen or Outcome("unverified", "processes suspended, not all seen to stand still")

    def wait_run_frozen(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:  # noqa: ARG002 - as above
        """The suspension count of every thread; who is elsewhere is put into the job first; see ``Enforcer``."""
        try:
            group = self._group(handle)
            if group is None:
                return Outcome("failed", "the run has no job, and none could be made")
            self._put_in(handle, group)
            if not group.freeze(timeout):
                return None
            return Outcome("confirmed", f"every thread of {len(group.pids())} processes is suspended")
        except ProcessLookupError:  # one that was to be put in has ended
            return None
        except OSError as error:
            return Outcome("failed", str(error))

    def _put_in(self, handle: RunHandle, group: ProcessGroup) -> None:
        inside = set(group.pids())
        for pid, key in handle.survivors():
            if pid not in inside and process.alive(pid, key):
                self._guard.check_process(handle.run, pid, key)
                group.add(pid)

    def thaw_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:  # noqa: ARG002 - as above
        """NtResumeProcess for each that was suspended; see ``Enforcer``."""
        try:
            group = self._group(handle)
            thawed = group is not None and group.thaw(timeout)
        except OSError as error:
            return Outcome("failed", str(error))
        if not thawed:
            return Outcome("failed", "not every suspended process could be resumed")
        handle.lease(None)
        return Outcome("confirmed", "every process that was suspended has been resumed")

    # The network of the run

    def cut_network(self, order: Order, handle: RunHandle) -> Outcome:
        """See ``enforcer.windows.isolate``."""
        self._guard.permit_run(order)
        if handle.network is None:
            return Outcome("failed", "the network of this run cannot be cut here")
        return handle.network().cut()

    def join_network(self, order: Order, handle: RunHandle) -> Outcome:  # noqa: ARG002 - as above
        """See ``enforcer.windows.isolate``."""
        if handle.network is None:
            return Outcome("failed", "the network of this run was not cut here")
        return handle.network().join()

    # A file

    def begin_quarantine(self, order: Order, deed: str) -> None:
        """Into the vault, in the background; see ``Enforcer``."""
        self._guard.check_file(order.object or "")
        self._guard.permit_file(order)
        self._background.begin(deed, partial(self._take, order, deed))

    def wait_quarantined(self, order: Order, deed: str, timeout: float) -> Outcome | None:  # noqa: ARG002 - as above
        """See ``Enforcer``."""
        return self._background.wait(deed, timeout)

    # Parts

    def _group(self, handle: RunHandle) -> ProcessGroup | None:
        """The job of the run, made for one that was found; checked by the guard either way."""
        group = handle.group or (handle.gather() if handle.gather is not None else None)
        if group is not None:
            self._guard.check_group(handle.run, group.pids())
        return group


def _means(group: ProcessGroup | None) -> str:
    return "each process of the run ended by its handle" if group is None else "TerminateJobObject"
