"""Orders of the dashboard to the services of this machine, over the same socket that ``lictor release`` and the others use.

The kernel tells the service who the dashboard runs as, and the dashboard whose click it was: both are kept with the decision.
"""

from __future__ import annotations

from dashboards.interface import Account, DashboardError, Rows
from lictor.control.client import ask, order
from lictor.control.messages import Request
from lictor.errors import LictorError


class ControlDeeds:
    """Every service that runs here. A machine on which none runs has nothing held: that is no error."""

    def live(self) -> Rows:
        """Runs that go on, as the services tell them."""
        return _rows("status")

    def held(self) -> Rows:
        """Questions that wait."""
        return _rows("held")

    def order(self, do: str, name: str, why: str | None, account: Account, *, for_run: bool = False) -> Rows:
        """Have it done by the service that has the run."""
        try:
            return order(Request(do, name, why, for_run, account.name))
        except LictorError as error:
            raise DashboardError(str(error)) from error


def _rows(do: str) -> Rows:
    try:
        answers = list(ask(Request(do)))
    except LictorError as error:
        raise DashboardError(str(error)) from error
    if failed := [str(a.get("error")) for _, a in answers if not a.get("ok")]:
        raise DashboardError("; ".join(dict.fromkeys(failed)))
    return [row for _, answer in answers for row in answer.get("rows", ())]
