"""What looks for something in new rows: the seam between a scheduled pass and the kinds of detections.

A pass hands each detector the rows that are new, and lets it ask the lake for what is old; it gives hits. Whether a
detector is a list of hunts or a bundle of Sigma rules is no business of the pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from pipeline.schema import TEXT, TIME, lake_type

if TYPE_CHECKING:
    from pipeline.lake.errors import QueryError

IDENTITY = ("boot_id", "source", "cpu", "class", "seq", "time_ns")
"""What tells a row of activity from every other one; ``findings.evidence`` lists these."""

NARROW = ("time", *IDENTITY)

ROW_ID = pa.struct([(n, lake_type("activity", n)) for n in IDENTITY])

HITS = pa.schema([
    ("detection", TEXT), ("time", TIME), ("host", TEXT), ("agent_run", TEXT), ("evidence", pa.list_(ROW_ID)),
])  # fmt: skip
"""A hit is a match of a detection: its id, when, where, in which run, and the rows that it rests on, in order."""


@dataclass(frozen=True)
class Detection:
    """What is looked for. ``version`` changes whenever its matches might; ``kind`` is hunt or sigma."""

    id: str
    version: str
    kind: str
    title: str
    severity: str
    attack: tuple[str, ...]


class Context(Protocol):
    """The lake as a detector may ask it: SELECTs over its tables, by name, all of one moment.

    ``pipeline.lake.reader.Lake`` is one.
    """

    def query_all(
        self, sqls: Mapping[str, str], *, prepare: Sequence[str] = ..., timeout: float = ..., skip_damaged: bool = ...
    ) -> dict[str, pa.Table | QueryError]:
        """Rows of each, or why there are none; ``prepare`` goes before them. Raises ``QueryError`` where that fails."""


class Detector(ABC):
    """Looks for some detections."""

    detections: Sequence[Detection]
    tables: frozenset[str]
    """Tables of the schema whose new rows it wants."""
    whole: bool = False
    """Whether it must see all new rows of a pass at once: of activity in full where they are few, else only ``NARROW``.

    The others get slices, in full.
    """

    @abstractmethod
    def detect(self, fresh: Mapping[str, pa.Table], context: Context) -> Iterator[pa.Table]:
        """Hits (``HITS``) that involve at least one row of ``fresh`` (lake types, by table; some may be missing).

        ``context`` holds the fresh rows too, and everything before them. What cannot be asked is told by ``report``
        of the detector and leaves the others alone.
        """
