"""``lictor watch``: the service that finds every agent on the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lictor.cli.options import AlertsOption, DryRunOption, SourceOption, TelemetryOption


def watch(
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", metavar="FILE", help="A policy; may be given more than once, each narrows."),
    ] = None,
    lake: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the rows go [$LICTOR_LAKE, else /var/lib/lictor for root]."),
    ] = None,
    audit: Annotated[bool, typer.Option("--audit", help="Judge and record, but stop nothing.")] = False,
    dry_run: DryRunOption = False,
    alerts: AlertsOption = None,
    telemetry: TelemetryOption = None,
    source: SourceOption = "auto",
) -> None:
    """Observes every agent on this machine, found as it starts; ends with Ctrl-C or SIGTERM.

    Example: lictor watch --policy policies/coding-agent.yaml --audit
    """
    from lictor.settings import lake_path  # noqa: PLC0415 - heavy, and not for other commands
    from lictor.watching import Options  # noqa: PLC0415 - the same
    from lictor.watching import watch as observe  # noqa: PLC0415 - the same

    options = Options(
        policy or [], lake_path(lake), audit=audit, dry_run=dry_run, alerts=alerts, telemetry=telemetry, source=source
    )
    raise typer.Exit(observe(options))
