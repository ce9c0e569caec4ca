"""How much policies may do by themselves, before a person must order any further; the same on every system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from enforcer.interface import GuardRefusal
from enforcer.rate import FILES, PROCESSES, RUNS, WINDOW_S, Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from enforcer.interface import Order


class Permits:
    """Counts what policies did within a while; a person's order always passes. Guards are built on it."""

    def __init__(self, rate: Callable[[int], Rate] = Rate) -> None:
        """``rate`` makes the counter of a limit."""
        self._runs, self._processes, self._taken = rate(RUNS), rate(PROCESSES), rate(FILES)

    def permit_run(self, order: Order) -> None:
        """Raise ``GuardRefusal`` when policies have acted on too many runs."""
        if order.actor == "policy" and not self._runs.admit(order.run):
            raise GuardRefusal(f"policies acted on {RUNS} runs within {WINDOW_S:g} s: a person must order any further")

    def permit_process(self, order: Order) -> bool:
        """Whether one more process of the run may be killed by policy."""
        return order.actor != "policy" or self._processes.spend(order.run)

    def permit_file(self, order: Order) -> None:
        """Raise ``GuardRefusal`` when policies have taken too many files away."""
        if order.actor == "policy" and not self._taken.spend("file"):
            raise GuardRefusal(
                f"policies took {FILES} files away within {WINDOW_S:g} s: a person must order any further"
            )
