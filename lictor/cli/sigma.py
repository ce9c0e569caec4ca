"""``lictor sigma``: rules of the Sigma community, compiled once and put to the lake's rows.

A rule set is never part of Lictor: it is imported from a folder, such as a checkout of github.com/SigmaHQ/sigma.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption
from lictor.errors import FINDING
from lictor.formats import Format, chosen

if TYPE_CHECKING:
    from pipeline.sigma.bundle import Bundle

app = typer.Typer(no_args_is_help=True, help="Imports Sigma rules, lists them, and asks them of the lake.")

BundleArgument = Annotated[
    Path | None,
    typer.Argument(metavar="BUNDLE", help="A bundle; else the lake's, which import wrote.", show_default=False),
]
BundleOption = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="FILE", help="A bundle; else the lake's, which import wrote.", show_default=False),
]


@app.command("import")
def import_rules(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of rules, or one rule file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="BUNDLE", help="Write to this file, not into the lake.", show_default=False),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category", metavar="NAME", help="Only rules of this category; may be repeated.", show_default=False
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence",
            metavar="SPDX",
            help="Of rules that name none. [default: DRL-1.1, which SigmaHQ's are under]",
            show_default=False,
        ),
    ] = None,
    lake: LakeOption = None,
    fmt: FormatOption = None,
) -> None:
    """Compiles a folder of Sigma rules into a bundle, and lists what could not be converted and why.

    Rules for other telemetry than that of endpoints (cloud, network devices, event logs of services) are counted and left out.
    A rule that asks for a field which no recorded row has is kept and marked: partly, or never.

    Exit status 1 where a rule could not be converted; the bundle has the others.

    Example: lictor sigma import ~/src/sigma/rules
    """  # fmt: skip
    from lictor import sigma_rules as rules  # noqa: PLC0415 - other commands do without
    from lictor.render import emit, say  # noqa: PLC0415 - as above
    from lictor.settings import lake_path  # noqa: PLC0415 - as above

    with _progress() as progress:
        made = rules.imported(folder, categories=category, licence=licence, progress=progress)
    place = lake_path(lake)
    path = out or rules.place(place)
    rules.stored(made, path, place)
    wanted = chosen(fmt, None)
    if made.failures or wanted is not Format.table:
        emit(rules.failures(made), wanted)
    for line in _summary(made):
        say(line)
    say(f"bundle {made.version[:12]}: {path}")
    if made.failures:
        raise typer.Exit(FINDING)


@app.command("list")
def list_rules(
    bundle: BundleArgument = None, lake: LakeOption = None, fmt: FormatOption = None, output: OutputOption = None
) -> None:
    """Lists the rules of a bundle, and whether each can match here.

    The column fires says yes, partly (some of its fields are in no row: the column blind names them), or never.

    Example: lictor sigma list --format csv
    """
    from lictor import sigma_rules as rules  # noqa: PLC0415 - other commands do without
    from lictor.render import emit, say  # noqa: PLC0415 - as above
    from lictor.settings import lake_path  # noqa: PLC0415 - as above

    opened = rules.opened(bundle or rules.place(lake_path(lake)))
    emit(rules.listed(opened), chosen(fmt, output), output)
    for line in _summary(opened):
        say(line)


@app.command("run")
def run(
    bundle: BundleOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Only from then on: a day, a time, or how long ago (7d).",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Every row that matches, not their number by rule.")] = False,
    lake: LakeOption = None,
    fmt: FormatOption = None,
    output: OutputOption = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds that one query may take.")
    ] = 300.0,
) -> None:
    """Asks the rules of a bundle of the lake's rows, and prints what matches.

    Exit status 1 where something matches.

    Example: lictor sigma run --since 24h --rows
    """
    import time  # noqa: PLC0415 - the clock of the rim

    from lictor import sigma_rules as rules  # noqa: PLC0415 - other commands do without
    from lictor.history.moments import window  # noqa: PLC0415 - as above
    from lictor.lake import open_lake  # noqa: PLC0415 - as above
    from lictor.render import emit, say  # noqa: PLC0415 - as above

    opened = open_lake(lake)
    asked = rules.opened(bundle or rules.place(opened.root))
    found = rules.matched(opened, asked, window(since, None, time.time_ns()), timeout=timeout)
    emit(found if rows else rules.by_rule(found), chosen(fmt, output), output)
    say(f"{found.num_rows:,} matches of {len(asked.rules):,} rules")
    if found.num_rows:
        raise typer.Exit(FINDING)


def _summary(bundle: Bundle) -> Iterator[str]:
    fires = Counter(r.fires for r in bundle.rules)
    yield (
        f"{len(bundle.rules):,} rules: {fires['yes']:,} see all of their fields here, {fires['partly']:,} lack some, "
        f"{fires['never']:,} can never match"
    )
    yield f"{len(bundle.failures):,} not converted"
    if bundle.elsewhere:
        most = Counter(bundle.elsewhere).most_common(5)
        sources = ", ".join(f"{name} {count}" for name, count in most) + (
            ", …" if len(bundle.elsewhere) > len(most) else ""
        )
        yield f"{sum(bundle.elsewhere.values()):,} for other telemetry or categories ({sources})"


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing in a pipe."""
    from lictor.render import console, on_terminal  # noqa: PLC0415 - other commands do without

    if not on_terminal(sys.stderr):
        yield lambda *_: None
        return
    from rich.progress import Progress  # noqa: PLC0415 - only where somebody looks

    with Progress(console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task("compiling rules", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
