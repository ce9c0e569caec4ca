"""Commands about policy files as they stand: ``policy check``, ``policy test`` and ``policy schema``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import TableFormatOption
from lictor.errors import BAD_INPUT, FINDING
from lictor.formats import Format, chosen
from pipeline.escape import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.policy.load import PolicyError

app = typer.Typer(
    help="Checks and tests policies before they are in force.", no_args_is_help=True, rich_markup_mode=None
)

FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE", help="Policy files.")]


@app.command()
def check(files: FilesArgument, fmt: TableFormatOption = None) -> None:
    """Tells whether policies are valid, and where each rule is enforced.

    Exit status 2 where one is not valid; each problem is a line FILE:LINE:COLUMN: MESSAGE.

    Example: lictor policy check policy.yaml
    """
    from lictor import policies, render  # noqa: PLC0415 - other commands do without
    from lictor.context import local_context  # noqa: PLC0415

    table, wrong = policies.check(files, local_context(agent=""))
    if table is not None:
        render.emit(table, chosen(fmt, None))
    _end(wrong)


@app.command("test")
def run_tests(files: FilesArgument, fmt: TableFormatOption = None) -> None:
    """Runs the tests inside policies.

    Exit status 1 where one gives another verdict than it expects.

    Example: lictor policy test policy.yaml
    """
    from lictor import policies, render  # noqa: PLC0415 - see above
    from lictor.context import local_context  # noqa: PLC0415

    found, wrong = policies.run_all(files, local_context(agent=""))
    results = [result for one in found for result in one]
    wanted = chosen(fmt, None)
    if wanted is Format.table:
        for result in results:
            print(visible(f"{'ok  ' if result.passed else 'FAIL'}  {result.place}: {result.text}"))
        render.say(
            f"{sum(r.passed for r in results)} of {len(results)} tests passed"
            if results
            else "no tests in these policies"
        )
    else:
        render.emit(policies.results_table(results), wanted)
    _end(wrong)
    if not all(result.passed for result in results):
        raise typer.Exit(FINDING)


@app.command()
def schema() -> None:
    """Prints the JSON Schema of policy files, for editors and other checkers.

    Example: lictor policy schema > lictor-policy.schema.json
    """
    from pipeline.policy.model import schema_text  # noqa: PLC0415 - see above

    print(schema_text(), end="")


def _end(wrong: Sequence[PolicyError]) -> None:
    """Tell what is wrong, one line each, and end with exit status 2 if anything is."""
    for error in wrong:
        for line in str(error).splitlines():
            print(visible(line), file=sys.stderr)
    if wrong:
        raise typer.Exit(BAD_INPUT)
