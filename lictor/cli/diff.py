"""``policy diff``: two policies compared, by rule and by what they would have said of what really happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lictor.cli.history import AgentsOption, RunsOption, SinceOption, TimeoutOption, UntilOption, asked_of
from lictor.cli.options import LakeOption, TableFormatOption
from lictor.errors import FINDING
from lictor.formats import chosen


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The policy as it is.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The policy as it would be.")],
    history: Annotated[
        bool, typer.Option("--history", help="Compare by effect on the lake's history in place of by rule.")
    ] = False,
    runs: RunsOption = None,
    agents: AgentsOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    lake: LakeOption = None,
    timeout: TimeoutOption = 300.0,
    fmt: TableFormatOption = None,
) -> None:
    """Compares two policies: which rules differ, whether each difference is wider or narrower, with an event that shows it.

    With --history: which events of the lake would get another verdict, from which to which, by which rule.

    Exit status 1 where they differ.

    Example: lictor policy diff old.yaml new.yaml --history --since 7d
    """
    from lictor import render  # noqa: PLC0415 - other commands do without
    from pipeline.policy.load import read_policies  # noqa: PLC0415 - see above

    before, after = read_policies([old]), read_policies([new])
    if history:
        from lictor import backtest_report, backtesting  # noqa: PLC0415 - only where the lake is asked
        from lictor.lake import open_lake  # noqa: PLC0415 - see above

        asking = asked_of(runs, agents, since, until, None, timeout)
        table = backtest_report.effect_table(backtesting.effect_of(before, after, open_lake(lake), asking))
        said = "no event of the lake would get another verdict"
    else:
        from lictor import judging  # noqa: PLC0415 - see above
        from lictor.context import local_context  # noqa: PLC0415 - see above

        table = judging.differences(before[0], after[0], local_context(agent=""))
        said = "the two policies say the same"
    render.emit(table, chosen(fmt, None))
    if not table.num_rows:
        render.say(said)
        return
    raise typer.Exit(FINDING)
