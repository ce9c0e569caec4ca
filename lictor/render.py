"""Rows for people and programs: table, json, csv and parquet.

A table is drawn with rich only on a terminal; in a pipe it is plain aligned text. Names
that programs chose are shown escaped wherever a person reads them; json, csv and parquet
keep the values, json in pure ASCII. Heavy libraries are imported when they are needed.
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from lictor.errors import LictorError
from lictor.formats import Format
from lictor.values import cell, distinct_names, json_text, rows_of
from pipeline.escape import visible

SHOWN_ON_TERMINAL = 1000
"""Rows of a table on a terminal; more scroll away unread and take minutes to lay out."""

STYLES = {"deny": "bold red", "kill": "bold red", "freeze": "red", "quarantine": "red", "isolate": "red",
          "ask": "yellow", "audit": "yellow", "denied": "red", "fail": "bold red", "warn": "yellow", "ok": "green"}  # fmt: skip
"""Cells that a person looks for first."""


def emit(table: pa.Table, fmt: Format, output: Path | None = None, *, beside: bool = False) -> None:
    """Print rows in the format asked for, to the file if one is given, else to standard output.

    ``beside`` prints them to standard error: what a command says of what it wrote to standard output.

    Raises ``LictorError`` when the file cannot be written, or parquet would go to a terminal.
    """
    table = distinct_names(table)
    if fmt is Format.parquet:
        _emit_parquet(table, output)
    elif output is None:
        _write(table, fmt, sys.stderr if beside else sys.stdout)
    else:
        with _opened(output) as out:
            _write(table, fmt, out)


def on_terminal(out: TextIO) -> bool:
    """Whether colour and cursor may be used: a terminal that is no ``dumb`` one."""
    return out.isatty() and os.environ.get("TERM") != "dumb"


def console(out: TextIO) -> Any:
    """A rich console that never interprets what programs named their files (no markup, no emoji)."""
    from rich.console import Console  # noqa: PLC0415 - only when a terminal is there to draw on

    return Console(file=out, markup=False, emoji=False, highlight=False, no_color=bool(os.environ.get("NO_COLOR")))


def say(line: str) -> None:
    """A remark beside the rows: standard error, so that pipes stay clean."""
    print(visible(line), file=sys.stderr)


def plain_table(
    names: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[int] = frozenset()
) -> Iterable[str]:
    """Lines of an aligned table without any control character; columns in ``numbers`` lean right."""
    listed = [list(names), *map(list, rows)]
    widths = [max(len(row[i]) for row in listed) for i in range(len(names))]
    listed.insert(1, ["-" * w for w in widths])
    for row in listed:
        cells = [
            text.rjust(w) if i in numbers else text.ljust(w)
            for i, (text, w) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _write(table: pa.Table, fmt: Format, out: TextIO) -> None:
    writer = {Format.json: _write_json, Format.csv: _write_csv, Format.table: _write_table}[fmt]
    writer(table, out)


def _write_json(table: pa.Table, out: TextIO) -> None:
    """One object a line, so that a large answer can be looked at with line tools too."""
    out.write("[")
    rows = enumerate(row for part in _parts(table) for row in rows_of(part))
    out.writelines((",\n" if number else "\n") + json_text(row) for number, row in rows)
    out.write("\n]\n" if table.num_rows else "]\n")


def _write_csv(table: pa.Table, out: TextIO) -> None:
    shown = cell if out.isatty() else _csv_cell
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.schema.names)
    for part in _parts(table):
        writer.writerows([[shown(v) for v in row.values()] for row in rows_of(part)])


def _csv_cell(value: Any) -> str:
    return json_text(value) if isinstance(value, (dict, list, bool)) else "" if value is None else str(value)


def _write_table(table: pa.Table, out: TextIO) -> None:
    if not on_terminal(out):
        names, rows = list(map(visible, table.schema.names)), [list(map(cell, r.values())) for r in rows_of(table)]
        for line in plain_table(names, rows, _number_columns(table)):
            print(line, file=out)
        return
    shown = table.slice(0, SHOWN_ON_TERMINAL)
    width = shutil.get_terminal_size().columns
    draw = _draw_records if len(table.schema.names) * 8 > width else _draw_grid
    draw(shown, console(out))
    if table.num_rows > shown.num_rows:
        say(f"{shown.num_rows:,} of {table.num_rows:,} rows are shown; --format csv or -o FILE gives all of them")
    else:
        say(f"{table.num_rows:,} row{'' if table.num_rows == 1 else 's'}")


def _draw_grid(table: pa.Table, to: Any) -> None:
    from rich import box  # noqa: PLC0415 - see console
    from rich.table import Table  # noqa: PLC0415 - see console
    from rich.text import Text  # noqa: PLC0415 - see console

    grid, numbers = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold"), _number_columns(table)
    for i, name in enumerate(table.schema.names):
        grid.add_column(Text(visible(name)), justify="right" if i in numbers else "left", overflow="fold")
    for row in rows_of(table):
        grid.add_row(*(Text(cell(v), style=STYLES.get(v, "") if isinstance(v, str) else "") for v in row.values()))
    to.print(grid)


def _draw_records(table: pa.Table, to: Any) -> None:
    """Too many columns for a line: one block per row, empty columns left out."""
    from rich.text import Text  # noqa: PLC0415 - see console

    width = max(map(len, table.schema.names))
    for number, row in enumerate(rows_of(table), 1):
        to.print(Text(f"─── row {number} ", style="dim"))
        for name, value in row.items():
            if value is not None:
                style = STYLES.get(value, "") if isinstance(value, str) else ""
                to.print(Text.assemble((visible(name).rjust(width) + "  ", "bold"), (cell(value), style)))


def _emit_parquet(table: pa.Table, output: Path | None) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only this format needs it

    if output is None and sys.stdout.isatty():
        raise LictorError("parquet is binary and would garble the terminal; give -o FILE or a pipe")
    if output is None:
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        sys.stdout.buffer.write(sink.getvalue())
        return
    try:
        with output.open("wb") as file:
            pq.write_table(table, file, compression="zstd")
    except OSError as error:
        raise _unwritable(output, error) from error


def _opened(output: Path) -> TextIO:
    try:
        return output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(output, error) from error


def _unwritable(output: Path, error: OSError) -> LictorError:
    return LictorError(f"{output}: cannot be written: {error.strerror or error}; choose another -o FILE")


def _parts(table: pa.Table) -> Iterable[pa.Table]:
    """Slices small enough that a large answer is never held as Python objects at once."""
    return (pa.Table.from_batches([b]) for b in table.to_batches(max_chunksize=10_000))


def _number_columns(table: pa.Table) -> frozenset[int]:
    types = pa.types
    are = (types.is_integer, types.is_floating, types.is_decimal)
    return frozenset(i for i, f in enumerate(table.schema) if any(is_(f.type) for is_ in are))
