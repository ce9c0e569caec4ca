"""``policy backtest`` and ``policy suggest``: a policy put to the lake's history, and one made from it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption
from lictor.errors import FINDING, LictorError
from lictor.formats import Format, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.backtesting import Asking
    from lictor.suggesting import Suggestion


class By(StrEnum):
    """What the rows of a backtest are added up by."""

    rule = "rule"
    run = "run"
    agent = "agent"
    user = "user"
    detail = "detail"


class Report(StrEnum):
    """How the report is printed."""

    table = "table"
    json = "json"


class Mode(StrEnum):
    """Mode of a suggested policy."""

    audit = "audit"
    enforce = "enforce"


RunsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--run", metavar="RUN", help="Only this run (or its id's beginning); may be repeated.", show_default=False
    ),
]
AgentsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--agent", metavar="NAME", help="Only runs of this agent, a shell pattern; may be repeated.", show_default=False
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help="Only from then on: a day, a time, or how long ago (7d).", show_default=False
    ),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Only before that.", show_default=False)
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds that one query may take.")
]


def backtest(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Policy files, as they would be in force together.")
    ],
    by: Annotated[
        By, typer.Option("--by", help="Add up by rule, or by whom it would hit; detail: each run and rule.")
    ] = By.rule,
    everything: Annotated[bool, typer.Option("--all", help="Also what would only be noted.")] = False,
    runs: RunsOption = None,
    agents: AgentsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="NAME=VALUE",
            help="A variable's value in the runs, where a policy names one.",
            show_default=False,
        ),
    ] = None,
    lake: LakeOption = None,
    fmt: FormatOption = None,
    output: OutputOption = None,
    timeout: TimeoutOption = 300.0,
) -> None:
    """Tells what a policy would have stopped in the lake's history, and whom that would have broken.

    Broken are events that went through then and would be stopped; newly allowed are those that were stopped and
    would go through. A rule that only records breaks nobody; a policy in mode audit is judged as if it were enforced.

    Exit status 1 where something that went through would be stopped.

    Example: lictor policy backtest policy.yaml --since 7d
    """
    from lictor import backtest_report, backtesting, render  # noqa: PLC0415 - other commands do without
    from lictor.lake import open_lake  # noqa: PLC0415 - see above
    from pipeline.policy.load import read_policies  # noqa: PLC0415 - see above

    asking = asked_of(runs, agents, since, until, env, timeout)
    found = backtesting.backtest(open_lake(lake), read_policies(files), asking)
    render.emit(backtest_report.table(found, by.value, everything=everything), chosen(fmt, output), output)
    for line in backtest_report.summary(found):
        render.say(line)
    if found.broken:
        raise typer.Exit(FINDING)


def suggest(
    runs: RunsOption = None,
    agents: AgentsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    govern: Annotated[
        list[str] | None,
        typer.Option(
            "--govern",
            metavar="OPERATION",
            help="Close this: file.write, network, file.delete, file.chmod, exec or file.read; may be repeated. [default: file.write, network]",
            show_default=False,
        ),
    ] = None,
    min_stability: Annotated[
        float,
        typer.Option(
            "--min-stability", metavar="SHARE", help="Share of the runs that must have needed a thing, 0 to 1."
        ),
    ] = 0.5,
    min_runs: Annotated[
        int, typer.Option("--min-runs", metavar="N", min=1, help="Learn from no fewer runs than this.")
    ] = 3,
    name: Annotated[str, typer.Option("--name", help="Name of the policy.")] = "suggested",
    mode: Annotated[Mode, typer.Option("--mode", help="Mode of the policy.")] = Mode.audit,
    report: Annotated[Report, typer.Option("--report", help="How the report is printed.")] = Report.table,
    lake: LakeOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the policy here; the report then goes to standard output.",
            show_default=False,
        ),
    ] = None,
    timeout: TimeoutOption = 300.0,
) -> None:
    """Makes a policy of least privilege from what runs really did.

    It denies by default and allows what enough of the runs needed. Nothing is learned from runs with findings, denials or
    losses, and nothing sensitive is ever opened; what was left out is told, and why.

    Example: lictor policy suggest --agent codex -o codex.yaml
    """  # fmt: skip
    from lictor import suggesting  # noqa: PLC0415 - other commands do without
    from lictor.lake import open_lake  # noqa: PLC0415 - see above
    from pipeline.policy.analysis.suggest import Wishes  # noqa: PLC0415 - see above

    wishes = Wishes(tuple(dict.fromkeys(govern)) if govern else Wishes().governed, min_stability)
    wanted = suggesting.Suggesting(wishes, min_runs, name, mode.value)
    found = suggesting.suggest(open_lake(lake), asked_of(runs, agents, since, until, None, timeout), wanted)
    if output is None:
        sys.stdout.write(found.text)
        sys.stdout.flush()
    else:
        _write(output, found.text)
    _report(found, report, beside=output is None)


def asked_of(
    runs: Sequence[str] | None, agents: Sequence[str] | None, since: str | None, until: str | None,
    env: Sequence[str] | None, timeout: float,
) -> Asking:  # fmt: skip
    """The runs and times that options name; raises ``LictorError`` for what is no time or variable."""
    import time  # noqa: PLC0415 - see above

    from lictor.backtesting import Asking  # noqa: PLC0415 - see above
    from lictor.history.moments import window  # noqa: PLC0415 - see above
    from lictor.history.runs import Selection  # noqa: PLC0415 - see above

    given = dict(_variable(text) for text in env or ())
    return Asking(
        Selection(tuple(runs or ()), tuple(agents or ())), window(since, until, time.time_ns()), given, timeout
    )


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise LictorError(f"{text!a} is no variable: write --env NAME=VALUE")
    return name, value


def _report(found: Suggestion, report: Report, *, beside: bool) -> None:
    from lictor import render, suggest_report  # noqa: PLC0415 - see above
    from lictor.values import json_text  # noqa: PLC0415 - see above

    if report is Report.json:
        print(json_text(suggest_report.as_json(found)), file=sys.stderr if beside else sys.stdout)
        return
    render.emit(suggest_report.table(found), Format.table, beside=beside)
    for line in suggest_report.summary(found):
        render.say(line)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LictorError(f"{output}: cannot be written: {error.strerror}; choose another -o FILE") from None
