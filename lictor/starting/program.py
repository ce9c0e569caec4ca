"""Which program a command names, by the search path; asked before anything is made for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from lictor.errors import LictorError


def resolve(command: Sequence[str]) -> str:
    """Path of the program that a command names; raises ``LictorError`` where there is none."""
    if not command or not command[0]:
        raise LictorError("no command was given: lictor run [OPTIONS] -- COMMAND [ARGUMENTS]")
    found = shutil.which(command[0])
    if found is None:
        why = "is not executable" if os.path.exists(command[0]) else "was not found"  # noqa: PTH110 - a plain question
        raise LictorError(f"the command {command[0]!r} {why}: nothing was run; give its full path, or look at PATH")
    return found
