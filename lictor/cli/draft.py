"""``policy draft``: rules proposed from the instruction file that an agent was given."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lictor.errors import LictorError


class Report(StrEnum):
    """How the report is printed."""

    table = "table"
    json = "json"


def draft(
    file: Annotated[Path, typer.Argument(metavar="FROM", help="CLAUDE.md, AGENTS.md or a file like them.")],
    report: Annotated[Report, typer.Option("--report", help="How the report is printed.")] = Report.table,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the policy here; the report then goes to standard output.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Proposes rules for those sentences of an instruction file that a kernel can check.

    Each rule names its sentence and only records (mode: audit); nothing comes into force by itself. The report
    also tells sentences that forbid something of which no rule was made, and why.

    Example: lictor policy draft CLAUDE.md > draft.yaml
    """
    import pyarrow as pa  # noqa: PLC0415 - other commands do without

    from lictor import render  # noqa: PLC0415 - see above
    from lictor.formats import Format  # noqa: PLC0415 - see above
    from lictor.values import json_text  # noqa: PLC0415 - see above
    from pipeline.policy.draft import draft as drafted  # noqa: PLC0415 - see above
    from pipeline.policy.text import to_yaml  # noqa: PLC0415 - see above

    found = drafted(_text(file), file=file.name)
    text = to_yaml(found.document, comment="Proposed, not in force: read each rule, then take its 'mode: audit' away.")
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text)
    rows = [(p.line, "proposed", p.rule["id"], p.rule["action"], p.sentence, p.note) for p in found.proposals]
    rows += [(s.line, "skipped", None, None, s.sentence, s.reason) for s in found.skipped]
    names = ("line", "what", "rule", "action", "sentence", "note")
    columns = {n: [row[i] for row in sorted(rows, key=lambda r: r[0])] for i, n in enumerate(names)}
    table = pa.table({n: pa.array(v, pa.int64() if n == "line" else pa.string()) for n, v in columns.items()})
    beside = output is None
    if report is Report.json:
        print(json_text(table.to_pylist()), file=sys.stderr if beside else sys.stdout)
        return
    render.emit(table, Format.table, beside=beside)
    render.say(f"{file}: {len(found.proposals)} rules proposed, {len(found.skipped)} sentences skipped")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise LictorError(f"{file}: cannot be read: {error.strerror}") from None


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LictorError(f"{output}: cannot be written: {error.strerror}; choose another -o FILE") from None
