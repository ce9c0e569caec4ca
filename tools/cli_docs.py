"""Renders docs/cli.md: what ``--help`` of every command says, in one page, so that it can be read and searched.

The help is laid out plainly for a fixed width: the boxes that a terminal shows depend on its size and on the version
of the library that draws them, and a document that changes by itself would always be stale.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from tools import generated

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100

INTRODUCTION = """# The command line

What `--help` of each command says. Exit status: 0 done, 1 a finding or a failed check, 2 bad usage or input; `lictor run` passes
on the exit status of the command that it ran.
"""


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name; groups are walked through, hidden ones left out."""
    below = getattr(command, "commands", None)
    if below is None or getattr(command, "invoke_without_command", False):
        yield path, command
    if below is None:
        return
    for name, member in below.items():
        if not member.hidden:
            yield from commands(member, f"{path} {name}")


def help_text(path: str, command: Any) -> str:
    """What ``path --help`` prints where there is no terminal."""
    command.rich_markup_mode = None
    context = command.make_context(path, [], resilient_parsing=True, terminal_width=WIDTH)
    lines = command.get_help(context).strip().splitlines()
    return "\n".join(line.rstrip() for line in lines)


def render(app: Any) -> str:
    """The whole page for a typer application."""
    sections = [f"\n## {path}\n\n```\n{help_text(path, c)}\n```\n" for path, c in commands(get_command(app), "lictor")]
    return generated.notice("tools.cli_docs") + INTRODUCTION + "".join(sections)


if __name__ == "__main__":
    from lictor.cli.app import app

    sys.exit(generated.main("docs/cli.md", render(app)))
