"""What every imported file has: counts in which each of its records appears once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from collectors.etw.decode import EPOCH_FILETIME, Key, Tally
from collectors.replay.etl_file import Problem
from pipeline import schema

MOST_PROBLEMS = 1000


@dataclass
class Counts:
    """``records`` = ``tally.decoded`` + unknown + malformed + own, when the file is through."""

    records: int = 0
    rows: int = 0
    lost: int = 0
    """Events that the file itself says were lost."""
    buffers_lost: int = 0
    missing_buffers: int = 0
    done: int = 0
    tally: Tally = field(default_factory=Tally)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def note(self, problem: Problem) -> None:
        """Something could not be read; of very many all are counted and the first are kept."""
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    @property
    def unknown(self) -> Counter[Key]:
        """Records that nothing here can read, by provider, id and version."""
        return self.tally.unknown

    def coverage(self, source: str, boot_id: str, since: int, until: int) -> pa.RecordBatch:
        """One row: records of the file, those that were read as something known, and those that it lost."""
        row = {
            "boot_id": boot_id, "source": source, "class": "health", "reason": "trace" if self.lost else "none",
            "since": _micros(since), "until": _micros(until), "emitted": self.records + self.lost,
            "delivered": self.records, "lost": self.lost,
        }  # fmt: skip
        return pa.RecordBatch.from_pylist([row], schema=schema.memory_schema("coverage"))


def _micros(filetime: int) -> int | None:
    return (filetime - EPOCH_FILETIME) // 10 if filetime > EPOCH_FILETIME else None
