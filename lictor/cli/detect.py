"""``lictor detect``: hunts and Sigma rules over what is new, again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lictor.cli.options import FormatOption, LakeOption
from lictor.formats import Format


def detect(
    lake: LakeOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="One pass over what is new, then end; status 1 for findings.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="S", min=1.0, help="Seconds from one pass to the next.")
    ] = 60.0,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="What is on and off, and changed; else all that is scheduled."),
    ] = None,
    sigma: Annotated[
        list[Path] | None,
        typer.Option("--sigma", metavar="FILE", help="A bundle of Sigma rules; may be given more than once."),
    ] = None,
    from_now: Annotated[
        bool, typer.Option("--from-now", help="The first time: begin with what comes now, not with the oldest row.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the detections and end.")] = False,
    fmt: FormatOption = None,
) -> None:
    """Looks for hunts and Sigma rules in what is new, every minute, and writes findings.

    Example: lictor detect --once
    """
    from lictor.detecting.schedule import Options, choice_of, line  # noqa: PLC0415 - heavy, and not for other commands
    from lictor.detecting.schedule import detect as run  # noqa: PLC0415 - the same
    from lictor.settings import lake_path  # noqa: PLC0415 - the same
    from lictor.values import json_text, plain  # noqa: PLC0415 - the same

    options = Options(lake_path(lake), config, tuple(sigma or ()), once=once, every=every, from_now=from_now)
    if list_:
        _list(choice_of(options), fmt)
        return

    def tell(findings: object) -> None:
        for finding in findings:  # type: ignore[attr-defined]  # a sequence of rows
            print(json_text(plain(finding)) if fmt is Format.json else line(finding), flush=True)

    raise typer.Exit(run(options, tell))


def _list(choice: object, fmt: Format | None) -> None:
    import pyarrow as pa  # noqa: PLC0415 - see above

    from lictor.render import emit  # noqa: PLC0415 - see above

    rows = [
        {
            "id": c.detection.id, "on": c.on, "severity": c.detection.severity, "title": c.detection.title,
            "lookback": c.lookback, "why": c.why, "version": c.detection.version,
        }
        for c in choice.all  # type: ignore[attr-defined]  # a Choice
    ]  # fmt: skip
    emit(pa.Table.from_pylist(rows), fmt or Format.table)
