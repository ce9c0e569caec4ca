"""A command on Linux: forked and held back, in a cgroup of its own where one can be had, reached by signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Literal

from enforcer.interface import ProcessGroup
from enforcer.linux.cgroup import RunCgroup, reap_stale
from enforcer.linux.cgroupfs import CgroupError
from lictor.launch import Child

__all__ = ["FORCED", "STOPS", "Child", "dispose", "from_terminal", "own_group"]

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals to Lictor that are passed on to the command."""

FORCED = signal.SIGKILL
"""What ends a command that does not follow."""


def from_terminal(number: int) -> bool:
    """Whether a terminal has sent the signal to the command as well: it must not get it twice."""
    return number == signal.SIGINT and os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()


def own_group(
    child: Child, run: str, fail: Literal["open", "closed"], say: Callable[[str], None]
) -> ProcessGroup | None:
    """A cgroup with the command in it; ``None``, and a line, where none can be had. Sees to what earlier ones left."""
    for stale in reap_stale():
        if stale.what != "removed":
            say(f"run {stale.run} was left by a Lictor that died: {stale.what}")
    try:
        group = RunCgroup.create(run, fail=fail)
    except CgroupError as error:
        say(f"no cgroup for this run ({error}): a kill of the whole run goes process by process")
        return None
    try:
        group.add(child.pid)
    except BaseException:
        dispose(group, 0)
        raise
    return group


def dispose(group: ProcessGroup, seconds: float) -> None:
    """End what is still in the group, waiting so long for it, and remove it.

    After an error: what is still in it would go on unwatched, and its removal would hide the error.
    """
    if isinstance(group, RunCgroup):
        group.kill()
        group.wait_empty(seconds)
        group.remove()
        group.close()
