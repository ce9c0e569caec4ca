"""How far detections and exports have read the lake: the positions that they keep in its folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import schema
from pipeline.lake import layout
from pipeline.lake.errors import LakeError
from pipeline.lake.feed_state import DONE, POSITION, State

MOST = 200
"""Followers that are looked at."""

_ROWS = pa.schema([
    ("feed", pa.string()), ("last", schema.TIME), ("commits", pa.int64()), ("behind", pa.int64()), ("state", pa.string()),
])  # fmt: skip


def followers(root: Path) -> pa.Table:
    """Each follower: when it last committed, how often, how many logs it has not read to their end, and what to make of it."""
    folder = root / layout.FEEDS
    try:
        names = sorted(p.name for p in folder.iterdir() if p.is_dir())[:MOST]
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise LakeError(f"{folder}: cannot be looked into: {error.strerror}") from error
    logs = sorted({*layout.stems(root / layout.COMMITS, ".json"), *layout.stems(root / layout.WAL, ".wal")})
    return pa.Table.from_pylist([_row(folder / name, logs) for name in names], _ROWS)


def _row(folder: Path, logs: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"feed": folder.name, "last": None, "commits": None, "behind": None}
    try:
        state = State(folder)
        row["last"] = datetime.fromtimestamp((folder / POSITION).stat().st_mtime, UTC)
    except LakeError as error:
        return row | {"state": str(error)}
    except OSError:
        return row | {"state": "has read nothing yet"}
    behind = sum(1 for stem in logs if (place := state.at(stem)) is None or place.kind != DONE)
    known = "caught up once" if state.caught_up else "still reading what was there before it"
    return row | {
        "commits": state.commits,
        "behind": behind,
        "state": known if behind else "has read every log to its end",
    }
