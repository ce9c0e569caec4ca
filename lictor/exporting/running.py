"""Runs exports: once over what is there, for ever behind what comes, and again for what was refused.

One thread per destination, so that a dead receiver holds up nobody but itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lictor.errors import LictorError, is_expected
from lictor.exporting.given import patient
from lictor.exporting.model import Destination
from lictor.exporting.stopping import Stop
from lictor.exporting.wiring import Ready, ready
from pipeline.export.whole import parts
from pipeline.lake.feed import Feed

FEED = "export."
"""Before a destination's name it names the feed that remembers how far it has got."""


def once(lake: Path, destination: Destination, stop: Stop, since: int | None) -> Ready:
    """Export what is there now; raises ``LictorError`` where that was interrupted."""
    with ready(lake, patient(destination), stop, follow=False, keep_status=False) as made:
        pieces = parts(lake, made.tables, since=since, max_rows=made.shipper.events)
        complete = made.shipper.ship(pieces, _nothing)
        if made.status.status.dead:
            destination.save(lake)  # or its dead letters could not be sent again by its name
        if not complete:
            raise LictorError("interrupted: the export is not complete; start it again")
        return made


def follow(
    lake: Path, destinations: Sequence[Destination], stop: Stop, report: Callable[[str], None], *, for_ever: bool = True
) -> None:
    """Export what comes until ``stop``, all destinations side by side; raises ``LictorError`` when the last of them failed.

    ``for_ever`` false: until everything that is there by now is settled.
    """
    failures: list[str] = []
    defects: list[Exception] = []

    def run(destination: Destination) -> None:
        try:
            _follow(lake, destination, stop, for_ever=for_ever)
        except Exception as error:  # noqa: BLE001 - a defect is raised where the command sees it, not in a thread
            if not is_expected(error):
                defects.append(error)
                stop.ask()
                return
            failures.append(f"{destination.name}: {error}")
            if len(destinations) > 1:
                report(f"export to {failures[-1]}")

    threads = [
        threading.Thread(target=run, args=(d,), name=f"lictor-export-{d.name}", daemon=True) for d in destinations
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # a join without a limit would keep signals from being handled
            thread.join(0.2)
    if defects:
        raise defects[0]
    if failures:
        raise LictorError(
            f"export to {failures[-1]}" if len(destinations) == 1 else f"{len(failures)} destinations failed, see above"
        )


def _follow(lake: Path, destination: Destination, stop: Stop, *, for_ever: bool) -> None:
    with ready(lake, destination, stop, follow=True, keep_status=True) as made:
        destination.save(lake)
        status = made.status.status
        try:
            with Feed(
                lake, FEED + destination.name, made.tables, max_rows=made.shipper.events, from_now=destination.from_now
            ) as feed:
                while made.shipper.ship(feed.read(), feed.commit) and for_ever:
                    made.status.update()
                    if stop.sleep(destination.seconds):
                        break
            status.state = "stopped"
        except Exception as error:
            status.state, status.last_error = "failed", str(error)
            raise
        finally:
            made.status.update(now=True)


def replay(lake: Path, destination: Destination, stop: Stop) -> tuple[int, int]:
    """Send a destination's dead letters again; returns how many were accepted and how many lie there still.

    A file goes when each of its events is settled; what is refused again makes a new one, with the new reason.
    """
    with ready(lake, patient(destination), stop, follow=False, keep_status=False, append=True) as made:
        for path, batches in list(made.dead.batches()):
            if not all(made.shipper.resend(batch) for batch in batches):
                raise LictorError("interrupted: what was not sent lies there still; start it again")
            if path not in made.dead.written:
                path.unlink()
        status = made.status.status
        return status.sent, status.dead


def _nothing(_position: Any) -> None:
    """Nothing is followed, so there is no position to keep."""
