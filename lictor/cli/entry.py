"""Where ``lictor`` begins: a hook goes the short way, everything else to the command line.

So the command line's libraries are not loaded before each tool of an agent, and the interpreter of a hook is left
and not taken down.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from lictor.errors import exit_status


def main() -> NoReturn:
    """Entry point of the ``lictor`` script."""
    if sys.argv[1:2] == ["hook"]:
        _hook(sys.argv[2:])
    from lictor.cli.app import main as command_line  # noqa: PLC0415 - see the top

    command_line()


def _hook(arguments: list[str]) -> None:
    """Answer the hook and end; returns where the command line has to say what is wrong, or to help."""
    from lictor.hooks.quick import options_of, serve  # noqa: PLC0415 - see the top

    options = options_of(arguments)
    if options is None:
        return
    try:
        status = serve(options)
        sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt) as error:
        status = exit_status(error) or 0
    sys.stderr.flush()
    os._exit(status)
