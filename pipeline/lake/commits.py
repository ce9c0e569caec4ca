"""Commit records: which segments a log has become, and what it held.

Writing the record is the moment at which rows move from the log to the segments. Before it,
readers take the log; after it, the segments; there is no moment with both or neither.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.lake import layout
from pipeline.lake.errors import LakeError
from pipeline.lake.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VERSION = 1


@dataclass(frozen=True)
class Commit:
    """What became of one log.

    ``chain`` is the log's last chain value (hex); ``sequences`` the range of sequence numbers per
    (boot_id, source, cpu, class); ``lost`` the losses that its coverage rows report;
    ``damages`` what of the log could not be read.
    """

    stem: str
    header: dict[str, Any]
    sealed_ns: int
    chain: str
    rows: dict[str, int]
    segments: tuple[Segment, ...]
    sequences: tuple[dict[str, Any], ...] = ()
    lost: tuple[dict[str, Any], ...] = ()
    damages: tuple[dict[str, Any], ...] = ()


def write(root: Path, commit: Commit) -> None:
    """Put the record in place, durable; raises ``OSError``."""
    text = json.dumps({"version": VERSION, **asdict(commit)}, indent=1, sort_keys=True)
    layout.write_whole(layout.commit_path(root, commit.stem), [text.encode(), b"\n"])


def read(root: Path, stem: str) -> Commit | None:
    """The record of a log; ``None`` where there is none; raises ``LakeError`` for one that cannot be read."""
    path = layout.commit_path(root, stem)
    try:
        content = json.loads(path.read_bytes())
        if content.pop("version") != VERSION:
            raise LakeError(f"{path}: written by a newer version of Lictor: update this one")
        content["segments"] = [Segment(**s) for s in content["segments"]]
        content |= {k: tuple(content[k]) for k in ("segments", "sequences", "lost", "damages")}
        return Commit(**content)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise LakeError(
            f"{path}: damaged commit record ({error}): restore it from a backup, or remove it to do without its rows"
        ) from error


def sequences(activity: Sequence[pa.Table]) -> tuple[dict[str, Any], ...]:
    """First and last sequence number and row count per (boot_id, source, cpu, class) of tidy activity rows."""
    keys = ["boot_id", "source", "cpu", "class"]
    table = _pick("activity", activity, keys, "seq")
    found = table.group_by(keys).aggregate([("seq", "min"), ("seq", "max"), ("seq", "count")])
    return tuple(found.rename_columns([*keys, "first", "last", "rows"]).to_pylist())


def losses(coverage: Sequence[pa.Table]) -> tuple[dict[str, Any], ...]:
    """Losses per (source, class, reason) of tidy coverage rows, only where something was lost."""
    keys = ["source", "class", "reason"]
    table = _pick("coverage", coverage, keys, "lost")
    found = table.group_by(keys).aggregate([("lost", "sum")]).rename_columns([*keys, "lost"])
    return tuple(found.filter(pc.greater(found["lost"], 0)).to_pylist())


def _pick(table: str, parts: Sequence[pa.Table], keys: Sequence[str], value: str) -> pa.Table:
    """Keys and value of the parts that have the value; keys that a part lacks are NULL."""
    want = pa.schema([schema.memory_schema(table).field(n) for n in (*keys, value)])
    picked = [p.select([n for n in want.names if n in p.schema.names]) for p in parts if value in p.schema.names]
    return pa.concat_tables([want.empty_table(), *picked], promote_options="default").unify_dictionaries()
