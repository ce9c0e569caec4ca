"""How the service stands, asked of the system and of nothing that was remembered: what is installed, whether it runs, whether its home is closed.

Any user may ask; what only an administrator may look at is ``unverified`` then.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from lictor.winservice import configuring, eventlog, manager, sealing
from lictor.winservice.installing import last_line, program
from lictor.winservice.manager import Found
from lictor.winservice.names import HOME, NAME
from lictor.winservice.steps import Step, attempt


def status() -> Iterator[Step]:
    """One step per part; only the first where there is no service."""
    found = manager.look(NAME)
    if found is None:
        yield Step("service", "failed", f"there is no service {NAME}: python -m lictor.winservice install")
        return
    home = home_of(found)
    yield Step("service", "confirmed", found.command)
    yield running(found, home)
    yield attempt(
        "delayed start",
        lambda: "automatic, after the services that start up the machine",
        lambda: configuring.is_delayed(NAME),
    )
    yield attempt("recovery", lambda: "restarted when it fails", lambda: configuring.recovers(NAME))
    yield attempt("event log", lambda: f"source {NAME} of the Application log", eventlog.is_registered)
    yield sealing.look(home)
    yield program()


def running(found: Found, home: Path) -> Step:
    """Whether it runs; where not, its exit code and what it said last."""
    if found.state == "running":
        return Step("running", "confirmed", f"running; {last_line(home)}")
    return Step("running", "failed", f"{found.state}, exit code {found.code} ({found.own_code}); {last_line(home)}")


def home_of(found: Found) -> Path:
    """The home that a service's command line names, else the usual one."""
    words = [word.strip('"') for word in shlex.split(found.command, posix=False)]
    for word, after in pairwise(words):
        if word == "--home":
            return Path(after)
    return HOME
