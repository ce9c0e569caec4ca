"""``lictor run``: an agent under observation and enforcement, from its first instruction to its last."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lictor.cli.options import AlertsOption, DryRunOption, SourceOption, TelemetryOption


def run(
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND...", help="The command and its arguments, behind --.")
    ],
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", metavar="FILE", help="A policy; may be given more than once, each narrows."),
    ] = None,
    lake: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the rows go [$LICTOR_LAKE, else /var/lib/lictor for root]."),
    ] = None,
    agent: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the agent; otherwise taken from the command.")
    ] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Judge and record, but stop nothing.")] = False,
    dry_run: DryRunOption = False,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Run the command as this user, so that who watches is not who acts."),
    ] = None,
    alerts: AlertsOption = None,
    telemetry: TelemetryOption = None,
    source: SourceOption = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No closing lines on standard error.")] = False,
) -> None:
    """Runs an agent under observation and enforcement; the exit status is the command's.

    Processes that the command leaves behind are ended: nothing of a run goes on unwatched.

    Example: lictor run --policy policies/coding-agent.yaml -- codex exec "fix the build"
    """
    from lictor.running import Options, run_command  # noqa: PLC0415 - heavy, and not for other commands

    options = Options(
        command,
        policy or [],
        lake,
        agent,
        audit=audit,
        dry_run=dry_run,
        quiet=quiet,
        user=user,
        alerts=alerts,
        telemetry=telemetry,
        source=source,
    )
    raise typer.Exit(run_command(options))
