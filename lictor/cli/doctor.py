"""The command ``doctor``: what this machine permits."""

from __future__ import annotations

import typer

from lictor.cli.options import LakeOption, TableFormatOption
from lictor.errors import FINDING
from lictor.formats import Format, chosen


def doctor(lake: LakeOption = None, fmt: TableFormatOption = None) -> None:
    """Tries out what this machine permits, and says how to mend it.

    Exit status 1 when something that Lictor needs is missing.

    Example: lictor doctor
    """
    from lictor import doctor as examination  # noqa: PLC0415 - other commands do without
    from lictor.render import emit, say  # noqa: PLC0415
    from lictor.settings import lake_path  # noqa: PLC0415

    checks = examination.eased(examination.examine(examination.probes(lake_path(lake))))
    wanted = chosen(fmt, None)
    emit(examination.as_table(checks), wanted)
    if wanted is Format.table:
        say(examination.summary(checks))
    if not examination.healthy(checks):
        raise typer.Exit(FINDING)
