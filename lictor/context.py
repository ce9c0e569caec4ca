"""Who runs what where, here and now: the values that a policy's variables and scope stand for."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

from pipeline.policy.compile import RunContext

UNKNOWN = {
    "domain": "no source here tells by which name an address was reached",
    "size": "no source here tells how many bytes were moved",
}
"""What no collector fills yet; see ``RunContext``."""


def local_context(agent: str) -> RunContext:
    """The context of a command started here: its working directory is the workspace.

    Links are resolved, since the kernel names files without them.
    """
    return RunContext(
        workspace=os.path.realpath(Path.cwd()),
        home=os.path.realpath(Path.home()),
        env=dict(os.environ),
        user=user_name(),
        host=socket.gethostname(),
        agent=agent,
        unknown=UNKNOWN,
    )


def user_name() -> str:
    """Name of the user, or the number where the user database does not know it (containers)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
