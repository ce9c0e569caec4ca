"""The command ``replay``: judges recorded traces, and tells whether the verdicts are the expected ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, OutputOption
from lictor.errors import FINDING
from lictor.formats import chosen

if TYPE_CHECKING:
    from lictor.replaying import Sink
    from lictor.sessions import Replayed, Session


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Trace files, or folders with trace.parquet, policy.yaml and expected.json."
        ),
    ],
    policies: Annotated[
        list[Path] | None,
        typer.Option("--policy", metavar="F", help="Judge by this policy; may be repeated.", show_default=False),
    ] = None,
    lake: Annotated[
        Path | None,
        typer.Option("--lake", metavar="DIR", help="Also write the judged rows into this lake.", show_default=False),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option("--expect", metavar="FILE", help="Compare with these expected verdicts.", show_default=False),
    ] = None,
    write_expected: Annotated[
        bool, typer.Option("--write-expected", help="Write the verdicts as the expected ones instead of comparing.")
    ] = False,
    workspace: Annotated[
        str,
        typer.Option(
            "--workspace",
            metavar="DIR",
            help="The session's ${workspace}, where the trace does not name it.",
            show_default=False,
        ),
    ] = "",
    home: Annotated[
        str,
        typer.Option(
            "--home",
            metavar="DIR",
            help="The session's home folder, where the trace does not name it.",
            show_default=False,
        ),
    ] = "",
    agent: Annotated[
        str,
        typer.Option(
            "--agent", metavar="NAME", help="The session's agent, where the trace does not name it.", show_default=False
        ),
    ] = "",
    fmt: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Judges a recorded session, and compares it with what is expected.

    Exit status 1 when the verdicts differ from the expected ones.

    Example: lictor replay sample-traces/attack
    """
    from lictor import replay_report, sessions  # noqa: PLC0415 - other commands do without

    given = sessions.sessions(files, policies or [], expect)
    overrides = {"workspace": workspace, "home": home, "agent": agent}
    expected = [None if write_expected else sessions.read_sums(s) for s in given]
    with _sink(lake, given) as sink:
        played = [_played(s, overrides, sink) for s in given]
    for one, sums in zip(played, expected, strict=True):
        replay_report.compare(one, sums)
        if write_expected:
            replay_report.write_expected(one, expect)
    replay_report.tell(played, chosen(fmt, output), output)
    if any(one.differences for one in played):
        raise typer.Exit(FINDING)


def _played(session: Session, overrides: dict[str, str], sink: Sink | None) -> Replayed:
    from lictor import sessions  # noqa: PLC0415 - see above

    with _progress(session) as progress:
        return sessions.play(session, overrides, sink, progress)


@contextmanager
def _sink(lake: Path | None, given: Sequence[Session]) -> Iterator[Sink | None]:
    """Writes into the lake; refuses runs that are there already, since their rows would be counted twice."""
    if lake is None:
        yield None
        return
    from lictor.lake import open_writer, refuse_known_runs  # noqa: PLC0415 - only with --lake
    from lictor.sessions import survey  # noqa: PLC0415 - see above

    refuse_known_runs(lake, [run for session in given for run in sorted(survey(session))])
    with open_writer(lake) as writer:
        yield writer.append


@contextmanager
def _progress(session: Session) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; it goes away when the trace is through."""
    from lictor import replaying, sessions  # noqa: PLC0415 - see above
    from lictor.render import console, on_terminal  # noqa: PLC0415

    if not on_terminal(sys.stderr):
        yield replaying.quiet
        return
    from rich.progress import Progress  # noqa: PLC0415 - only on a terminal

    with sessions.opened(session) as collector:
        rows = collector.rows
    with Progress(console=console(sys.stderr), transient=True) as bar:
        task = bar.add_task("judging", total=rows)
        yield lambda n: bar.advance(task, n)
