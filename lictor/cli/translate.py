"""``policy import`` and ``policy export``: other products' policies, in and out, with a report of what was lost."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lictor.errors import LictorError
from pipeline.policy.dialects.registry import READERS, WRITERS

if TYPE_CHECKING:
    from lictor.translating import Translation

Reader = StrEnum("Reader", {name: name for name in READERS})  # type: ignore[misc]  # the names stand in one place, and not here
Writer = StrEnum("Writer", {name: name for name in WRITERS})  # type: ignore[misc]  # see above


class Report(StrEnum):
    """How the report is printed."""

    table = "table"
    json = "json"


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The policy to translate.")]
ReportOption = Annotated[Report, typer.Option("--report", help="How the report is printed.")]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-wider",
        metavar="RULE",
        help="Write this rule although it allows more than its source; again for more.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write the policy here; the report then goes to standard output.",
        show_default=False,
    ),
]


def import_policy(
    file: FileArgument,
    from_: Annotated[
        Reader | None, typer.Option("--from", help="What FILE is; else it is recognised.", show_default=False)
    ] = None,
    report: ReportOption = Report.table,
    accept_wider: AcceptOption = None,
    output: OutputOption = None,
) -> None:
    """Translates another product's policy into one of Lictor's.

    The policy goes to standard output, and to standard error what became of each rule: exact, narrower,
    wider (left out or narrowed until accepted by name), unsupported, or a setting that is no rule.

    Exit status 0 where every rule is exact or narrower, 1 where one is unsupported or would be wider,
    2 where the file is one that the other product itself would refuse.

    Example: lictor policy import --from srt settings.json -o policy.yaml
    """
    from lictor import translating  # noqa: PLC0415 - other commands do without

    _tell(translating.translate_in(file, from_.value if from_ else None, accept_wider or ()), report, output)


def export_policy(
    file: FileArgument,
    to: Annotated[Writer, typer.Option("--to", help="The language to write.")],
    report: ReportOption = Report.table,
    accept_wider: AcceptOption = None,
    output: OutputOption = None,
) -> None:
    """Writes a policy of Lictor's for another product, so that one policy both contains and audits.

    Reports and exit status are those of import.

    Example: lictor policy export --to mxc policy.yaml -o mxc.json
    """
    from lictor import translating  # noqa: PLC0415 - see above

    _tell(translating.translate_out(file, to.value, accept_wider or ()), report, output)


def _tell(found: Translation, report: Report, output: Path | None) -> None:
    from lictor import render  # noqa: PLC0415 - see above
    from lictor.formats import Format  # noqa: PLC0415 - see above
    from lictor.values import json_text  # noqa: PLC0415 - see above

    if output is None:
        sys.stdout.write(found.text)
        sys.stdout.flush()
    else:
        _write(output, found.text)
    beside = output is None
    if report is Report.json:
        print(json_text(found.report()), file=sys.stderr if beside else sys.stdout)
    else:
        render.emit(found.table(), Format.table, beside=beside)
        for note in found.notes:
            render.say(f"note: {note}")
        render.say(found.summary())
    raise typer.Exit(found.status)


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LictorError(f"{output}: cannot be written: {error.strerror}; choose another -o FILE") from None
