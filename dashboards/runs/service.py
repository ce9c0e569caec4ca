"""What the service of this machine that has a run tells about it now: whether it goes on here, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboards import context
from dashboards.interface import DashboardError

QUIET = timedelta(minutes=5)
"""How long nothing may come from a run of another machine until it is not looked at anew all the time."""
NO_WAY = "Orders cannot be given from here: the dashboard runs without a way to the services."
NOT_HERE = "No service on this machine has this run: it can be acted on where it goes on."


@dataclass(frozen=True)
class Told:
    """``live`` is the run's row of ``Deeds.live``, ``held`` its open questions; where nobody has it, ``why`` says so."""

    live: Mapping[str, Any] | None = None
    held: tuple[Mapping[str, Any], ...] = ()
    why: str = NOT_HERE


def ask(run: str) -> Told:
    """What is told of a run; a service that cannot be asked is a reason, no error of the page."""
    deeds = context.ports().deeds
    if deeds is None:
        return Told(why=NO_WAY)
    try:
        live = next((row for row in deeds.live() if row["run"] == run), None)
        held = tuple(row for row in deeds.held() if row["run"] == run) if live else ()
    except DashboardError as error:
        return Told(why=str(error))
    return Told(live, held)


def goes_on(state: str, told: Told, last_event: datetime | None, now: datetime) -> bool:
    """Whether more may come of a run: it has not ended, and a service here has it or something came lately."""
    if state == "ended":
        return False
    return told.live is not None or (last_event is not None and now - last_event < QUIET)
