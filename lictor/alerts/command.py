"""Runs a program for each alert: the document on its standard input, no shell, a clean environment.

Nothing of the alert becomes an argument or a variable, so that no text that an agent chose is ever taken for an option
or a command.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lictor.alerts.interface import Attempt, Came, Deadline, Patience
from lictor.alerts.process import Ended, run
from pipeline.escape import decoded

if TYPE_CHECKING:
    from lictor.alerts.model import Command

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CommandTarget:
    """A program that gets alerts."""

    action = "command"

    def __init__(self, settings: Command) -> None:
        self.name = settings.name
        self.patience = Patience.of(settings.timeout, settings.retries, settings.within)
        self._argv = settings.argv
        self._user = settings.user

    def attempt(self, document: bytes, delivery: str, deadline: Deadline) -> Attempt:  # noqa: ARG002 - every target is given it
        """One run; delivered with exit status 0."""
        seconds = deadline.left()
        environ = {"PATH": PATH, "LICTOR_ALERT": self.name}
        try:
            ended = run(self._argv, document, environ, deadline, _as_user(self._user))
        except (OSError, KeyError, ValueError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
            return Attempt("final", f"could not be run: {why}")
        came: Came = "delivered" if ended.status == 0 else "again"
        return Attempt(came, _said(ended, seconds), output=decoded(ended.output).strip())


def _as_user(name: str | None) -> dict[str, Any]:
    """The arguments of ``Popen`` for a user with all its groups; none for our own."""
    if name is None:
        return {}
    import pwd  # noqa: PLC0415 - Windows, where no command is run as somebody else, has none

    entry = pwd.getpwnam(name)
    if entry.pw_uid == os.geteuid():
        return {}
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def _said(ended: Ended, seconds: float) -> str:
    if ended.status is None:
        return f"killed with all its processes, not done within {seconds:.3g} s"
    return f"exit status {ended.status}" if ended.status >= 0 else f"ended by signal {-ended.status}"
