"""``policy explain`` and ``policy lint``: what a policy does here, why, and what is weak about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lictor.cli.options import SourceOption, TableFormatOption
from lictor.errors import FINDING
from lictor.formats import Format, chosen

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Policy files; several are in force together.")
]


def explain(
    files: FilesArgument,
    event: Annotated[
        str | None,
        typer.Option(
            "--event",
            metavar="EVENT",
            help="Explain the verdict on this event: OPERATION KEY=VALUE…, or JSON.",
            show_default=False,
        ),
    ] = None,
    want: Annotated[
        str | None,
        typer.Option(
            "--want",
            metavar="ACTION",
            help="With --event: the verdict that a change should give; else the opposite.",
            show_default=False,
        ),
    ] = None,
    source: SourceOption = "auto",
    fmt: TableFormatOption = None,
) -> None:
    """Tells where this machine enforces each rule and what that costs, or why an event gets its verdict.

    With --event also the smallest changes that would give it another verdict, each tried out, with the number of
    other events near it whose verdict they would change.

    With --source what another source than this machine's would leave undone.

    Example: lictor policy explain policies/default.yaml --event 'file.read path=~/.ssh/id_rsa exe=/usr/bin/cat'
    """
    from lictor import judging, render  # noqa: PLC0415 - other commands do without
    from lictor.context import local_context  # noqa: PLC0415 - see above
    from lictor.events import parse_event  # noqa: PLC0415 - see above
    from lictor.offers import this_host  # noqa: PLC0415 - see above
    from lictor.values import json_text  # noqa: PLC0415 - see above
    from pipeline.escape import visible  # noqa: PLC0415 - see above
    from pipeline.policy.load import read_policies  # noqa: PLC0415 - see above

    policies, context = read_policies(files), local_context(agent="")
    if event is None:
        host, missing = this_host(source)
        render.emit(judging.where_enforced(policies, context, host), chosen(fmt, None))
        for check in missing:
            render.say(f"{check.name}: {check.found}: {check.costs}")
        return
    found = judging.explained(policies, parse_event(event), context, want)
    if chosen(fmt, None) is Format.table:
        for line in judging.explanation_lines(found):
            print(visible(line))
    else:
        print(json_text(judging.explanation_data(found)))


def lint(files: FilesArgument, fmt: TableFormatOption = None) -> None:
    """Finds rules that never decide, contradict each other or are too broad, and scores what is left open.

    Exit status 1 where something is found that is more than a remark.

    Example: lictor policy lint policy.yaml
    """
    import pyarrow as pa  # noqa: PLC0415 - see above

    from lictor import judging, render  # noqa: PLC0415 - see above
    from lictor.context import local_context  # noqa: PLC0415 - see above
    from pipeline.policy.load import read_policies  # noqa: PLC0415 - see above

    found = [judging.linted(policy, local_context(agent="")) for policy in read_policies(files)]
    table = pa.concat_tables([one.table for one in found])
    render.emit(table, chosen(fmt, None))
    for one in found:
        for line in judging.score_lines(one):
            render.say(line)
    if any(severity != "informational" for severity in table.column("severity").to_pylist()):
        raise typer.Exit(FINDING)
