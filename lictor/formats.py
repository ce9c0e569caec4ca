"""The forms in which rows are printed; apart from ``render`` so that the command line loads fast."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"


def chosen(wanted: Format | None, output: Path | None) -> Format:
    """The format asked for, else the one that the ending of the output file names, else a table."""
    endings = {f".{fmt}": fmt for fmt in (Format.json, Format.csv, Format.parquet)}
    return wanted or (endings.get(output.suffix.lower(), Format.table) if output else Format.table)
