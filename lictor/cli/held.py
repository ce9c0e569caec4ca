"""``lictor held`` and what people decide: release, deny, kill, freeze, isolate. Each goes to the service that has the run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lictor.cli.options import FormatOption, OutputOption
from lictor.formats import Format, chosen

if TYPE_CHECKING:
    import pyarrow as pa

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or its beginning.")]
NameArgument = Annotated[
    str, typer.Argument(metavar="HOLD|RUN", help="Id of a question (lictor held) or of a run, or its beginning.")
]
WhyOption = Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")]

SHOWN_OF_ID = 8
"""Characters of a question's id in the table for people: enough to name it."""


def held(fmt: FormatOption = None, output: OutputOption = None) -> None:
    """Lists the runs that stand still and wait for a person, with what they want to do.

    Root and members of group lictor see all of them, others those of their own agents. docs/held.md says who may decide.

    Example: lictor held
    """
    from lictor.control.client import ask_all  # noqa: PLC0415 - only when asked, as in all commands
    from lictor.control.messages import Request  # noqa: PLC0415
    from lictor.errors import FINDING  # noqa: PLC0415
    from lictor.render import emit, say  # noqa: PLC0415

    wanted = chosen(fmt, output)
    rows, silent = ask_all(Request("held"))
    emit(_table(rows, short=wanted is Format.table), wanted, output)
    if rows and wanted is Format.table and output is None and sys.stdout.isatty():
        print("decide: lictor release HOLD | lictor deny HOLD | lictor kill RUN")
    for line in silent:
        say(f"lictor held: {line}")
    if silent:
        raise typer.Exit(FINDING)


def release(
    name: NameArgument,
    why: WhyOption = None,
    for_run: Annotated[
        bool, typer.Option("--for-run", help="Do not ask again because of this rule, as long as the run goes on.")
    ] = False,
) -> None:
    """Lets a held run go on with what it wanted, or gives an isolated one its network back.

    A connection that was asked about has been refused: after its release the agent's next try passes, for a minute.

    Example: lictor release 7f3a --why "I asked for this"
    """
    _order("release", name, why, for_run=for_run)


def deny(name: NameArgument, why: WhyOption = None) -> None:
    """Ends the process that asked, and lets the rest of the run go on.

    Example: lictor deny 7f3a
    """
    _order("deny", name, why)


def kill(run: RunArgument, why: WhyOption = None) -> None:
    """Ends every process of a run.

    Example: lictor kill 20261126 --why "wrong repository"
    """
    _order("kill", run, why)


def freeze(run: RunArgument, why: WhyOption = None) -> None:
    """Stops every process of a run where it stands, until it is released, or its policy's limit is up.

    Example: lictor freeze 20261126
    """
    _order("freeze", run, why)


def isolate(run: RunArgument, why: WhyOption = None) -> None:
    """Takes the network away from a run, and from nobody else; lictor release gives it back.

    Example: lictor isolate 20261126
    """
    _order("isolate", run, why)


def _order(do: str, name: str, why: str | None, *, for_run: bool = False) -> None:
    """Have it done, print what was seen, and end with 1 where it was refused, failed or could not be proven."""
    from lictor.control.client import NotDoneError, order  # noqa: PLC0415
    from lictor.control.messages import Request  # noqa: PLC0415
    from lictor.errors import FINDING, LictorError  # noqa: PLC0415
    from pipeline.escape import visible  # noqa: PLC0415

    if not name:
        raise LictorError("whose? give the id of a question or of a run, as lictor held and lictor runs show them")
    try:
        rows = order(Request(do, name, why, for_run))
    except NotDoneError as error:
        print(visible(f"lictor {do}: {error}"), file=sys.stderr)
        raise typer.Exit(FINDING) from error
    for row in rows:
        print(visible(f"{_deed(row)} {row['id']}: {row['enforcement']}: {row['evidence']}"))
    if any(row["enforcement"] != "confirmed" for row in rows):
        raise typer.Exit(FINDING)


def _deed(row: dict[str, Any]) -> str:
    """What was done, in words: a release undoes two things, and only one line may be about each."""
    return "release from isolation" if row["deed"] == "join" else str(row["deed"])


def _table(rows: list[dict[str, Any]], *, short: bool) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    from lictor.enforcing.answering import HELD  # noqa: PLC0415

    found = [{name: row.get(name) for name in HELD} for row in rows]
    if short:
        found = [row | {"hold": str(row["hold"])[:SHOWN_OF_ID]} for row in found]
    return pa.Table.from_pylist(found, schema=pa.schema(list(HELD.items())))
