"""How well hosts were watched, in words: what a collector's silence, a loss or a blind spell means for what can be said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards.parts import links

LATE, SILENT = timedelta(minutes=5), timedelta(hours=1)
"""From when on a collector that does not report is late, and when it is silent."""
NARROWEST = timedelta(minutes=1)
"""Width of a bar at least: collectors report by intervals."""
PALETTE = {"delivered": "#2f9468", "lost": "#d0453f"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True)
class Tile:
    """One number, and what it means."""

    label: str
    value: str
    meaning: str


def tiles(rows: pa.Table, spells: pa.Table) -> tuple[Tile, Tile, Tile, Tile]:
    """The four numbers of the page; ``rows`` are those of ``collectors``."""
    delivered, lost = (pc.sum(rows[name]).as_py() or 0 for name in ("delivered", "lost"))
    unknown = pc.sum(rows["unknown"]).as_py() or 0
    share = delivered / (delivered + lost) if delivered + lost else 1.0
    return (
        Tile(
            "Delivered",
            f"{'at most ' if unknown else ''}{_floored(share)} %",
            "Events that became rows, of all that were given out",
        ),
        Tile("Lost", ("≥ " if unknown else "") + f"{lost:,}", "Events that collectors know that they lost"),
        Tile("Blind spells", f"{spells.num_rows:,}", "Times in which a collector did not report"),
        Tile("Silent collectors", f"{silent(rows):,}", "Nothing was heard of them for an hour or more"),
    )


def _floored(share: float) -> str:
    """A share in percent, never rounded up to 100: that would say that nothing was lost."""
    return "100" if share >= 1 else f"{min(math.floor(share * 10_000) / 100, 99.99):.2f}"


def collectors(rows: pa.Table, now: datetime) -> pa.Table:
    """Rows of collectors with their state, what was delivered of all events as a share, and what that means."""
    listed = rows.to_pylist()
    states = [_state(row, now) for row in listed]
    shares = [_share(row) for row in listed]
    return rows.append_column("state", pa.array(states, pa.string())).append_column(
        "share", pa.array(shares, pa.float64())
    )


def spells(rows: pa.Table) -> pa.Table:
    """Blind spells with their length in words and what could have been missed."""
    listed = rows.to_pylist()
    lengths = [length(row["seconds"]) for row in listed]
    missed = [_missed(row) for row in listed]
    return rows.append_column("length", pa.array(lengths, pa.string())).append_column(
        "missed", pa.array(missed, pa.string())
    )


def losses(rows: pa.Table) -> pa.Table:
    """Losses with what could have been missed."""
    return rows.append_column("missed", pa.array([_lost(row) for row in rows.to_pylist()], pa.string()))


def around(row: dict[str, Any]) -> dict[str, str]:
    """The filters that show what the lake has of that host at that time, with a minute before and after."""
    margin = timedelta(minutes=1)
    query = {"since": (row["since"] - margin).isoformat()}
    if row["until"] is not None:
        query["until"] = (row["until"] + margin).isoformat()
    return query | ({"hosts": row["host"]} if row["host"] else {})


def links_around(row: dict[str, Any]) -> None:
    """Links to what the lake has of a host at that time, and to the runs that went on."""
    with st.container(horizontal=True):
        links.to("audit", f"Rows of {row['host'] or 'all hosts'} at that time", around(row))
        for run in filter(None, (row["named"] or "").split(", ")):
            links.to("run", f"Run {run}", {"run": run})


def silent(rows: pa.Table) -> int:
    """Collectors that report no more, of those with a state."""
    return int(pc.sum(pc.equal(rows["state"], "silent").cast(pa.int64())).as_py() or 0)


def length(seconds: int | None) -> str:
    """A time in its two largest units."""
    if seconds is None:
        return ""
    parts: list[str] = []
    for size, unit in _UNITS:
        if seconds >= size or (unit == "s" and not parts):
            parts.append(f"{seconds // size} {unit}")
            seconds %= size
    return " ".join(parts[:2])


def _state(row: dict[str, Any], now: datetime) -> str:
    if row["source"] in {"lake", "policy"}:
        return "losses only"
    age = now - row["last"]
    return "reports" if age <= LATE else "late" if age <= SILENT else "silent"


def _share(row: dict[str, Any]) -> float | None:
    """Delivered of all events, from 0 to 1; ``None`` where nobody knows."""
    total = row["delivered"] + row["lost"]
    if row["unknown"]:
        return None
    return row["delivered"] / total if total else 1.0


def _missed(row: dict[str, Any]) -> str:
    if row["runs"]:
        return f"all that {_many(row['runs'])} did in it"
    if row["until"] is None:
        return "all that was done since"
    return (
        "a reboot lies in it: all that was done before and after it"
        if row["rebooted"]
        else "runs that began and ended in it"
    )


def _lost(row: dict[str, Any]) -> str:
    what = f"{row['class']} events" if row["class"] else "rows of any kind"
    whose = f" of {_many(row['runs'])}" if row["runs"] else ""
    return f"{what}{whose}: that something of this kind did not happen is not certain"


def _many(runs: int) -> str:
    return "one run" if runs == 1 else f"{runs} runs"
