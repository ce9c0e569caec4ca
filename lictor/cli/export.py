"""``lictor export``: rows of the lake as events in a SIEM's format, once or as they come; status and dead letters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption, OutputOption
from lictor.formats import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.exporting.model import Destination

app = typer.Typer(name="export", invoke_without_command=True, subcommand_metavar="[status|replay]")

DestinationArgument = Annotated[str, typer.Argument(metavar="DEST", help="A name that lictor export status lists.")]
SecretOption = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", metavar="NAME=WHERE", help="A secret the receiver asks for: token=env:NAME or token=file:PATH."
    ),
]
OptionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--option", metavar="NAME=VALUE", help="An option of the receiver, as in the URL's query; see docs/export.md."
    ),
]


@app.callback()
def export(
    context: typer.Context,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="FORMAT", help="json, ocsf, ecs, cef, leef, asim or udm.", show_default=False),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="URL",
            help="file:///x.jsonl, - (standard output), syslog+udp://, syslog+tcp://, syslog+tls://, splunk+https://,"
            " elasticsearch+https://, otlp+http://, kafka://, sentinel+https://, s3://.",
            show_default=False,
        ),
    ] = None,
    lake: LakeOption = None,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="TABLE", help="A table to export; by default all that the format knows."),
    ] = None,
    where: Annotated[
        str, typer.Option("--where", metavar="SQL", help="Only rows for which this is true.", show_default=False)
    ] = "",
    redact: Annotated[
        list[str] | None, typer.Option("--redact", metavar="RULE", help="What is taken out before it leaves; see docs/export.md.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only from then on: 24h, or 2026-09-21T14:00:00Z.", show_default=False),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes; remembers how far it has got.")] = False,
    from_now: Annotated[bool, typer.Option("--from-now", help="With --follow: leave out what is there already.")] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="DEST", help="Name of the destination; by default made of the URL.", show_default=False),
    ] = None,
    option: OptionOption = None,
    secret: SecretOption = None,
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch", metavar="LIMITS", help="Of one batch: events=5000,bytes=4MiB,seconds=1s.", show_default=False
        ),
    ] = None,
    give_up: Annotated[
        str | None,
        typer.Option(
            "--give-up", metavar="TIME", help="Fail when the receiver takes nothing for so long [60s; never with --follow].",
            show_default=False,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Several destinations in YAML, instead of --as and --to.", show_default=False),
    ] = None,
) -> None:  # fmt: skip
    """Sends what the lake holds to a SIEM, at least once each, under ids that tell repeats apart.

    Without --follow it exports what is there by now and ends. Exit status 1: the receiver refused events, which lie below
    the lake until lictor export replay.

    Example: lictor export --as ocsf --to splunk+https://splunk.example:8088 --secret token=env:HEC_TOKEN --follow
    """
    if context.invoked_subcommand is not None:
        return
    from lictor.errors import LictorError  # noqa: PLC0415 - only when asked, as in all commands
    from lictor.exporting import given  # noqa: PLC0415

    if config is not None:
        single = (form, to, name, where, table, redact, option, secret, batch, give_up)
        if any(single) or from_now:
            raise LictorError(
                "--config says everything about its destinations: leave the other options but --lake, --since, --follow out"
            )
        destinations = given.from_file(config)
    else:
        destinations = [
            given.from_options(
                form, to, name=name, tables=table, where=where, redact=redact, options=option, secrets=secret,
                batch=batch, give_up=give_up, from_now=from_now,
            )
        ]  # fmt: skip
    if follow and since is not None:
        raise LictorError("--since is for one export; --follow begins with the oldest row, or with --from-now")
    if from_now and not follow:
        raise LictorError("--from-now is for --follow")
    _run(lake, destinations, since, follow=follow)


@app.command()
def status(lake: LakeOption = None, fmt: FormatOption = None, output: OutputOption = None) -> None:
    """Shows each destination: what it got, what was refused, and how far it is behind.

    Example: lictor export status --format json
    """
    import time  # noqa: PLC0415

    import psutil  # noqa: PLC0415

    from lictor.exporting.overview import overview  # noqa: PLC0415
    from lictor.render import emit  # noqa: PLC0415
    from lictor.settings import lake_path  # noqa: PLC0415

    emit(overview(lake_path(lake), time.time, psutil.pid_exists), chosen(fmt, output), output)


@app.command()
def replay(destination: DestinationArgument, lake: LakeOption = None) -> None:
    """Sends the events again that a receiver refused; what it refuses once more stays.

    Example: lictor export replay siem
    """
    from lictor.errors import FINDING  # noqa: PLC0415
    from lictor.exporting.model import saved  # noqa: PLC0415
    from lictor.exporting.running import replay as send_again  # noqa: PLC0415
    from lictor.exporting.stopping import Stop  # noqa: PLC0415
    from lictor.render import say  # noqa: PLC0415
    from lictor.settings import lake_path  # noqa: PLC0415

    folder = lake_path(lake)
    with Stop() as stop:
        sent, dead = send_again(folder, saved(folder, destination), stop)
    say(f"{destination}: {sent} events accepted, {dead} refused again")
    if dead:
        raise typer.Exit(FINDING)


def _run(lake: Path | None, destinations: Sequence[Destination], since: str | None, *, follow: bool) -> None:
    from lictor.errors import FINDING, LictorError  # noqa: PLC0415
    from lictor.exporting import running  # noqa: PLC0415
    from lictor.exporting.moments import since as moment_of  # noqa: PLC0415
    from lictor.exporting.stopping import Stop  # noqa: PLC0415
    from lictor.render import say  # noqa: PLC0415
    from lictor.settings import lake_path  # noqa: PLC0415

    folder, begin, dead = lake_path(lake), moment_of(since), 0
    if not folder.is_dir():
        raise LictorError(f"{folder}: no lake there yet; lictor run makes one, --lake DIR names another")
    with Stop() as stop:
        if follow:
            running.follow(folder, destinations, stop, say)
            return
        for destination in destinations:
            done = running.once(folder, destination, stop, begin).status.status
            dead += done.dead
            say(f"{destination.name}: {done.sent} events sent" + (f", {done.dead} refused" if done.dead else ""))
    if dead:
        say(f"what was refused lies in {folder}/export, with the reasons; lictor export replay DEST sends it again")
        raise typer.Exit(FINDING)
