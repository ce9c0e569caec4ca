"""The command ``hunt``: Lictor's own questions to the lake, listed, explained, asked one by one or all at once.

The query engine and the renderer are imported when the command runs, as in ``query``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption, TimeoutOption
from lictor.errors import DONE, FINDING, LictorError
from lictor.formats import chosen

if TYPE_CHECKING:
    from queries.hunting import Hunt


class Severity(StrEnum):
    """Severities, weakest first."""

    informational = "informational"
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


def hunt(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A hunt; without one they are listed.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="From when: 24h (ago) or a time; else all.", show_default=False),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Until when; else now.", show_default=False)
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", metavar="NAME=VALUE", help="A parameter of the hunt; repeat.", show_default=False
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Ask every hunt, and say how much each finds.")] = False,
    tactic: Annotated[
        str | None,
        typer.Option("--tactic", metavar="TACTIC", help="Only hunts of this ATT&CK tactic.", show_default=False),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the hunts, as without NAME.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what the hunt asks, and its parameters.")] = False,
    fail_on: Annotated[
        Severity | None,
        typer.Option(
            "--fail-on", help="Exit with 1 when a hunt of this severity or above finds something.", show_default=False
        ),
    ] = None,
    lake: LakeOption = None,
    fmt: FormatOption = None,
    output: OutputOption = None,
    timeout: TimeoutOption = 60.0,
) -> None:
    """Asks the lake a question of the catalogue of hunts.

    Example: lictor hunt credential_read_then_new_egress --since 24h -p window=5m
    """
    from lictor import hunting  # noqa: PLC0415 - see the top of this file
    from lictor.lake import open_lake  # noqa: PLC0415
    from lictor.render import emit  # noqa: PLC0415

    _check(name, parameter, everything=everything, listed=listed, explain=explain, tactic=tactic)
    form = chosen(fmt, output)
    if explain and name:
        print(_explained(hunting.chosen(name)))
        return
    if listed or not (name or everything):
        emit(hunting.listing(hunting.selected(tactic)), form, output)
        return
    span = hunting.span(since, until, datetime.now(UTC))
    if everything:
        asked = hunting.selected(tactic)
        table = hunting.summary(open_lake(lake), asked, span, timeout=timeout)
        found = [row["severity"] for row in table.select(["severity", "hits"]).to_pylist() if row["hits"]]
    else:
        one = hunting.chosen(name or "")
        table = hunting.ask(open_lake(lake), one, span | hunting.parameters(parameter or []), timeout=timeout)
        found = [one.severity] if table.num_rows else []
    emit(table, form, output)
    failed = fail_on is not None and any(hunting.as_severe(severity, fail_on) for severity in found)
    raise typer.Exit(FINDING if failed else DONE)


def _check(
    name: str | None, parameter: list[str] | None, *, everything: bool, listed: bool, explain: bool, tactic: str | None
) -> None:
    """Raises ``LictorError`` for options that do not go together."""
    if name and (everything or listed or tactic):
        raise LictorError("give a NAME, or --all, --list or --tactic")
    if everything and listed:
        raise LictorError("give --all to ask, or --list to see what there is")
    if parameter and not name:
        raise LictorError("-p belongs to one hunt; give its NAME")
    if explain and not name:
        raise LictorError("--explain belongs to one hunt; give its NAME")


def _explained(one: Hunt) -> str:
    from queries.hunting import SPAN  # noqa: PLC0415 - as above

    lines = [
        one.title, one.answers, "",
        f"severity:        {one.severity}",
        f"tactics:         {', '.join(one.tactics)}",
        f"techniques:      {', '.join(one.techniques)}",
        f"false positives: {one.false_positives}",
        f"scheduled:       {'yes' if one.scheduled else f'no, {one.unscheduled}'}",
        "", "parameters:",
        *(f"  {p.name} ({p.type}, else {p.default or 'empty'}): {p.meaning}" for p in (*one.parameters, *SPAN)),
        "", "columns:",
        *(f"  {column}: {meaning}" for column, meaning in one.result_columns.items()),
    ]  # fmt: skip
    return "\n".join(lines)
