"""``lictor pause`` and ``lictor resume``: the big red switch."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def pause(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")],
) -> None:
    """Enforces nothing any more, on this machine, until lictor resume; everything goes on being recorded.

    Runs that are held go on, isolated ones get their network back. Each service writes an alarm into its lake.

    Example: lictor pause --why "false alarms after the update"
    """
    _switch("pause", why)


def resume() -> None:
    """Ends a pause: policies are enforced again.

    Example: lictor resume
    """
    _switch("resume", None)


def _switch(do: str, why: str | None) -> None:
    """Throw it or put it back, print what each service says, and end with 1 where one did not follow."""
    from lictor.control.throwing import switch  # noqa: PLC0415 - only when asked, as in all commands
    from lictor.errors import FINDING  # noqa: PLC0415
    from pipeline.escape import visible  # noqa: PLC0415

    done = switch(do, why)
    for line in done.lines:
        print(visible(line))
    for line in done.refused:
        print(visible(f"lictor {do}: {line}"), file=sys.stderr)
    if done.refused:
        raise typer.Exit(FINDING)
