"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lictor.formats import Format

LakeOption = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        metavar="DIR",
        help="The lake; else $LICTOR_LAKE, /var/lib/lictor for root, the user's data folder.",
        show_default=False,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="How rows are printed; a table unless the ending of -o FILE says otherwise.",
        show_default=False,
    ),
]
TableFormatOption = Annotated[
    Format | None, typer.Option("--format", help="How rows are printed; by default a table.", show_default=False)
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write to this file instead of standard output.", show_default=False
    ),
]
TimeoutOption = Annotated[float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds that a query may take.")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Do everything up to the act: rows say what would have been done.")
]
TelemetryOption = Annotated[
    str | None,
    typer.Option(
        "--telemetry",
        metavar="URL",
        envvar="LICTOR_TELEMETRY",
        show_envvar=False,
        help="OTLP/HTTP receiver of Lictor's own metrics, traces and report lines [$LICTOR_TELEMETRY].",
    ),
]
AlertsOption = Annotated[
    Path | None,
    typer.Option(
        "--alerts",
        metavar="FILE",
        envvar="LICTOR_ALERTS",
        show_envvar=False,
        help="Webhooks and commands that are told of findings and actions [$LICTOR_ALERTS].",
    ),
]
SourceOption = Annotated[
    str,
    typer.Option(
        "--source",
        metavar="NAME",
        help="What watches: ebpf, bcc, etw, portable, or auto for the first that can be used here (see lictor doctor).",
    ),
]
