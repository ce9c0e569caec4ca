"""Commands that ask the lake: ``sql``, ``runs``, ``show``.

The query engine and the renderer are imported when a command runs, so that the other
commands start fast and stay small.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption, TimeoutOption
from lictor.formats import Format, chosen

RUN_COLUMNS = "run, state, started, agent, command, policy, mode, exit_code, events, denied, lost"
"""What a person looks for in a list of runs; ``SELECT * FROM runs`` has the rest."""


def sql(
    query: Annotated[
        str,
        typer.Argument(
            metavar="SQL",
            help="One SELECT over the tables of docs/schema.md (activity, processes, findings …) and the views that lictor views lists.",
            show_default=False,
        ),
    ],
    lake: LakeOption = None,
    fmt: FormatOption = None,
    output: OutputOption = None,
    timeout: TimeoutOption = 30.0,
) -> None:
    """Asks the lake in SQL, locked away from everything else.

    Example: lictor sql "SELECT exe, path FROM activity WHERE verdict = 'deny'"
    """
    from lictor.lake import open_lake  # noqa: PLC0415 - see the top of this file
    from lictor.render import emit  # noqa: PLC0415

    emit(open_lake(lake).query(query, timeout=timeout), chosen(fmt, output), output)


def runs(
    lake: LakeOption = None, fmt: FormatOption = None, output: OutputOption = None, timeout: TimeoutOption = 30.0
) -> None:
    """Lists what ran, newest first.

    Example: lictor runs --format json
    """
    from lictor.lake import open_lake  # noqa: PLC0415
    from lictor.render import emit  # noqa: PLC0415

    wanted = chosen(fmt, output)
    columns = RUN_COLUMNS if wanted is Format.table else "*"
    found = open_lake(lake).query(f"SELECT {columns} FROM runs ORDER BY started DESC, run", timeout=timeout)  # noqa: S608 - constants
    emit(found, wanted, output)


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its beginning, or: last.")],
    lake: LakeOption = None,
    fmt: Annotated[
        Format | None,
        typer.Option(
            "--format", help="table, or json for one object with run, processes and timeline.", show_default=False
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also allowed reads and failed calls in the timeline.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Lines of the timeline.")] = 500,
    timeout: TimeoutOption = 30.0,
) -> None:
    """Shows one run as a tree and a timeline, denials in plain sight.

    Example: lictor show last
    """
    from functools import partial  # noqa: PLC0415

    from lictor import report, tree, values  # noqa: PLC0415
    from lictor.errors import LictorError  # noqa: PLC0415
    from lictor.lake import open_lake  # noqa: PLC0415

    if fmt in {Format.csv, Format.parquet}:
        raise LictorError(f"a tree has no form as {fmt}; use --format json, or lictor sql for rows")
    query = partial(open_lake(lake).query, timeout=timeout)
    found = report.load(query, report.find_run(query, run), everything=everything, limit=limit)
    if fmt is Format.json:
        print(
            values.json_text(
                {"run": found.run, "processes": found.processes, "timeline": found.timeline, "hidden": found.hidden}
            )
        )
    else:
        tree.draw(found, sys.stdout)
