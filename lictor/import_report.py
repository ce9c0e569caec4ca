"""What an import says to a person: per file a line, then what could not be read and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lictor.importing import Imported, denied
from pipeline.escape import visible

SHOWN = 20
"""Kinds of unknown events, and errors, that are shown; ``--format json`` has all."""


def lines(files: Sequence[Imported], summary: Mapping[str, Any]) -> list[str]:
    """The report, line by line; what a file says is shown escaped."""
    told = [_one(f) for f in files]
    told += [
        f"  unknown: {u['count']:,} × {u['provider']} {u['id']} v{u['version']}" for u in summary["unknown"][:SHOWN]
    ]
    told += _more(len(summary["unknown"]), "kinds of unknown records")
    told += [f"  {e['file']}, byte {e['offset']:,}: {e['error']}" for e in summary["errors"][:SHOWN]]
    told += _more(summary["error_count"], "errors")
    return [visible(line) for line in told]


def _one(f: Imported) -> str:
    if f.refused:
        return f.refused
    counts, tally = f.counts, f.counts.tally
    said = f"{f.path}: {counts.records:,} records, {tally.decoded:,} decoded, {counts.rows:,} rows as run {f.run}"
    said += ", which the lake has already: nothing was written" if f.known else ""
    rest = (
        (tally.unknown.total(), "unknown"),
        (tally.malformed.total(), "damaged"),
        (counts.lost, "lost when it was recorded"),
    )
    said += "".join(f", {n:,} {name}" for n, name in rest if n)
    return said + (f"; policy {f.policy}: {denied(f.outcome):,} denied" if f.policy else "")


def _more(count: int, what: str) -> list[str]:
    return [f"  … and {count - SHOWN:,} more {what} (--format json)"] if count > SHOWN else []
