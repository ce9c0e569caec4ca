"""Who runs what where, here and now: the values that a policy's variables and scope stand for."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lictor.errors import LictorError
from lictor.system import here
from pipeline.policy.compile import RunContext

if TYPE_CHECKING:
    import pwd

UNKNOWN = {
    "domain": "no source here tells by which name an address was reached",
    "size": "no source here tells how many bytes were moved",
}
"""What no collector fills yet; see ``RunContext``."""


def local_context(agent: str, user: pwd.struct_passwd | None = None) -> RunContext:
    """The context of a command started here, by us or as another user: its working directory is the workspace.

    Links are resolved, since the kernel names files without them.
    """
    home = Path.home() if user is None else Path(user.pw_dir)
    return RunContext(
        workspace=here.pattern_path(os.path.realpath(Path.cwd())),
        home=here.pattern_path(os.path.realpath(home)),
        env=dict(os.environ) if user is None else environment_of(user),
        user=user_name() if user is None else user.pw_name,
        host=socket.gethostname(),
        agent=agent,
        unknown=UNKNOWN,
    )


def user_name() -> str:
    """Name of the user, or the number where the user database does not know it (containers)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return here.user_name(here.own_uid())


def user_entry(name: str) -> pwd.struct_passwd:
    """A user by name or number; raises ``LictorError`` where the user database has none."""
    if sys.platform == "win32":
        raise LictorError(
            "--user: Windows starts a program as somebody else only with a password; use runas, or a task of that user"
        )
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except (KeyError, OverflowError) as error:
        raise LictorError(f"there is no user {name!a}: see getent passwd") from error


def environment_of(user: pwd.struct_passwd) -> dict[str, str]:
    """Our environment as it is handed to a command that runs as somebody else: home and names are theirs."""
    own = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name, "SHELL": user.pw_shell or "/bin/sh"}
    ours = ("XDG_", "DBUS_", "SUDO_")  # sockets and folders of the session that Lictor runs in
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | own
