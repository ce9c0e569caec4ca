"""The command ``import``: traces (``.etl``) and event logs (``.evtx``) that Windows recorded, into the lake."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import LakeOption
from lictor.errors import BAD_INPUT, FINDING
from pipeline.escape import visible

if TYPE_CHECKING:
    from lictor.importing import Imported, Where


class Report(StrEnum):
    """How the account of the records is printed."""

    table = "table"
    json = "json"


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Traces (.etl) and event logs (.evtx) of Windows.")
    ],
    lake: LakeOption = None,
    policies: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy", metavar="F", help="Judge the rows by this policy; may be repeated.", show_default=False
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="NAME", help="The recorded machine; a trace does not name it.", show_default=False
        ),
    ] = "",
    agent: Annotated[
        str, typer.Option("--agent", metavar="NAME", help="The agent that was recorded.", show_default=False)
    ] = "",
    user: Annotated[
        str, typer.Option("--user", metavar="NAME", help="Whose session it was; for a policy's ~.", show_default=False)
    ] = "",
    workspace: Annotated[
        str,
        typer.Option("--workspace", metavar="DIR", help="The policy's ${workspace}, as C:/src.", show_default=False),
    ] = "",
    home: Annotated[
        str,
        typer.Option("--home", metavar="DIR", help="The user's home folder; else C:/Users/NAME.", show_default=False),
    ] = "",
    fmt: Annotated[Report, typer.Option("--format", help="How the account is printed.")] = Report.table,
) -> None:
    """Takes recordings of Windows into the lake, and accounts for every record.

    Each file becomes a run. What is damaged is told by its place in the file, and the rest is read. Exit status 1 when
    something of a file was damaged, 2 when a file could not be read at all.

    Example: lictor import trace.etl Sysmon.evtx --policy policy.yaml
    """
    from lictor import import_report, importing  # noqa: PLC0415 - other commands do without
    from lictor.settings import lake_path  # noqa: PLC0415

    where = importing.Where(host, agent, workspace, home, user)
    folder = lake_path(lake)
    done = _imported(files, folder, policies or [], where)
    summary = importing.summary(done, folder)
    if fmt is Report.json:
        print(json.dumps(summary))
    else:
        for line in import_report.lines(done, summary):
            print(line)
    if any(f.refused for f in done):
        raise typer.Exit(BAD_INPUT)
    if summary["errors"]:
        raise typer.Exit(FINDING)


def _imported(files: Sequence[Path], folder: Path, policies: Sequence[Path], where: Where) -> list[Imported]:
    """Policies are read before anything is written. Of a file that the lake has already, or a copy of one, nothing is."""
    from lictor import importing  # noqa: PLC0415 - see above
    from lictor.lake import known_runs, open_writer  # noqa: PLC0415
    from pipeline.policy.load import read_policies  # noqa: PLC0415

    read = read_policies(policies)
    runs, refused = importing.runs(files)
    there = known_runs(folder, list(runs.values()))
    done = [importing.Imported(path, refused=why) for path, why in refused.items()]
    if not runs:
        return done
    with open_writer(folder) as writer, _progress(list(runs)) as progress:
        for path, run in runs.items():
            known = run in there
            made = importing.import_file(path, read, where, _nowhere if known else writer.append, progress)
            made.known = known
            there.add(run)
            done.append(made)
    return done


def _nowhere(_table: str, _rows: object) -> None:
    """Where rows go that the lake has already."""


@contextmanager
def _progress(files: Sequence[Path]) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, by bytes; it goes away when all files are through."""
    from lictor import replaying  # noqa: PLC0415 - see above
    from lictor.render import console, on_terminal  # noqa: PLC0415

    if not on_terminal(sys.stderr):
        yield replaying.quiet
        return
    from rich.progress import Progress  # noqa: PLC0415 - only on a terminal

    with Progress(console=console(sys.stderr), transient=True) as bar:
        names = visible(files[0].name) if len(files) == 1 else f"{len(files)} files"
        task = bar.add_task(f"importing {names}", total=sum(f.stat().st_size for f in files))
        yield lambda n: bar.advance(task, n)
