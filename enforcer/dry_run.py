"""Everything up to the act: the guard is asked, the rows are written, and nothing is touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from enforcer.interface import Enforcer, Outcome

if TYPE_CHECKING:
    from enforcer.interface import Order, RunHandle


class Refusing(Protocol):
    """The guard of a system, as far as it is asked here; each may raise ``GuardRefusal``."""

    def check(self, order: Order) -> None:
        """One process."""

    def check_group(self, run: str, pids: Iterable[int]) -> None:
        """All of a run."""

    def check_file(self, path: str) -> None:
        """A file."""

    def permit_run(self, order: Order) -> None:
        """How many runs."""

    def permit_file(self, order: Order) -> None:
        """How many files."""


class DryRun(Enforcer):
    """Answers every order with what would have been done; raises ``GuardRefusal`` where that would be refused."""

    def __init__(self, guard: Refusing) -> None:
        self._guard = guard

    def _would(self, what: str) -> Outcome:
        return Outcome("unverified", f"dry run: not done; it would have been: {what}")

    def kill_process(self, order: Order, timeout: float) -> Outcome:  # noqa: ARG002 - the interface has it
        """See ``Enforcer``."""
        self._guard.check(order)
        return self._would(f"SIGKILL to process {order.pid}")

    def wait_gone(self, order: Order, timeout: float) -> Outcome | None:  # noqa: ARG002 - the interface has it
        """Nothing was done, so there is nothing to wait for."""
        return self._would(f"the end of process {order.pid}")

    def kill_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:  # noqa: ARG002 - the interface has it
        """See ``Enforcer``."""
        return self._run(order, handle, "the end of the whole run")

    def wait_run_gone(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:  # noqa: ARG002 - see above
        """See ``wait_gone``."""
        return self._would("the end of the whole run")

    def freeze_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:  # noqa: ARG002 - the interface has it
        """See ``Enforcer``."""
        return self._run(order, handle, "the run frozen until a person decides")

    def wait_run_frozen(self, order: Order, handle: RunHandle, timeout: float) -> Outcome | None:  # noqa: ARG002 - see above
        """See ``wait_gone``."""
        return self._would("the run frozen until a person decides")

    def thaw_run(self, order: Order, handle: RunHandle, timeout: float) -> Outcome:  # noqa: ARG002 - the interface has it
        """See ``Enforcer``."""
        return self._would("the run thawed")

    def continue_process(self, order: Order) -> Outcome:
        """See ``Enforcer``."""
        return self._would(f"SIGCONT to process {order.pid}")

    def cut_network(self, order: Order, handle: RunHandle) -> Outcome:
        """See ``Enforcer``."""
        return self._run(order, handle, "the network of the run cut")

    def join_network(self, order: Order, handle: RunHandle) -> Outcome:  # noqa: ARG002 - the interface has it
        """See ``Enforcer``."""
        return self._would("the network of the run given back")

    def begin_quarantine(self, order: Order, deed: str) -> None:  # noqa: ARG002 - the interface has it
        """See ``Enforcer``."""
        self._guard.check_file(order.object or "")
        self._guard.permit_file(order)

    def wait_quarantined(self, order: Order, deed: str, timeout: float) -> Outcome | None:  # noqa: ARG002 - see above
        """See ``wait_gone``."""
        return self._would(f"{order.object} taken into the vault")

    def _run(self, order: Order, handle: RunHandle, what: str) -> Outcome:
        self._guard.check_group(handle.run, [pid for pid, _ in handle.survivors()])
        self._guard.permit_run(order)
        return self._would(what)
