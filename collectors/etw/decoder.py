"""From records to activity: the whole way of a chunk, with what has to be remembered from one to the next.

Chunks come in order of time, and each one's records too. One decoder is for one trace: pids, objects and volumes are
those of one machine and boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collectors.etw import objects
from collectors.etw.decode import EPOCH_FILETIME, Part, Tally, parts
from collectors.etw.denials import denials
from collectors.etw.files import Files
from collectors.etw.machine import Seen
from collectors.etw.network import network
from collectors.etw.ntpaths import NtPaths
from collectors.etw.processes import CreatedOf, Identify, Processes
from collectors.etw.records import Bytes
from collectors.etw.rows import Joined, Rows, joined
from pipeline import schema

_SINGLE: dict[str, Callable[[Part, NtPaths], Rows | None]] = {
    "network": lambda part, _: network(part), "image": objects.images, "dns": lambda part, _: objects.names_asked(part),
    "amsi": lambda part, _: objects.amsi(part), "script": lambda part, _: objects.scripts(part),
    "audit": lambda part, _: objects.audited(part), "denial": denials,
}  # fmt: skip
"""Roles whose events stand for themselves."""


class Decoder:
    """``boot`` names the boot (process keys are made of it), ``source`` is ``activity.source``."""

    def __init__(
        self, boot: str, source: str, volumes: Iterable[tuple[str, str]] = (), created_of: CreatedOf | None = None
    ) -> None:
        """``created_of`` is for a trace of the running system; see ``Processes``."""
        self.tally = Tally()
        self._source = source
        self._paths = NtPaths()
        self._paths.learn(volumes)
        self._processes, self._files, self._registry = (
            Processes(boot, self._paths, created_of),
            Files(self._paths),
            objects.Registry(),
        )

    @property
    def names_forgotten(self) -> int:
        """Names of open files that were given up to keep memory bounded."""
        return self._files.forgotten

    def learn_volumes(self, volumes: Iterable[tuple[str, str]]) -> None:
        """Which device is which drive, as of now."""
        self._paths.learn(volumes)

    def know(self, seen: Sequence[Seen], exe: Callable[[int], str | None]) -> None:
        """Processes that are there, whether or not an event told of them; ``exe`` gives a program's path by pid."""
        pid, parent, created = (np.array([getattr(s, n) for s in seen], np.int64) for n in ("pid", "parent", "created"))
        self._processes.know(pid, parent, created, exe)

    def decode(
        self, data: Bytes, records: npt.NDArray[np.void], filetime: npt.NDArray[np.int64]
    ) -> tuple[pa.RecordBatch | None, pa.Table | None]:
        """Activity of a chunk's records, and rows of ``processes`` for what ran before the trace; ``None`` for none.

        ``records`` (``RECORD``) lie in ``data`` and are in order of ``filetime`` (100 ns since 1601).
        """
        found = list(parts(data, records, filetime, self.tally))
        self._learn(found)
        rows, snapshot, identify = self._processes.take(found)
        rows += self._files.rows(found)
        rows += self._registry.rows(found)
        rows += [
            made
            for p in found
            if p.event.role in _SINGLE and len(p) and (made := _SINGLE[p.event.role](p, self._paths))
        ]
        together = joined(rows)
        return None if together is None else self._batch(together, identify), snapshot

    def _learn(self, found: Sequence[Part]) -> None:
        for part in found:
            if part.event.role == "volume":
                self._paths.learn(zip(part.text("NtPath").to_pylist(), part.text("DosPath").to_pylist(), strict=True))

    def _batch(self, together: Joined, identify: Identify) -> pa.RecordBatch:
        rows = together.rows
        ns = (rows.time - EPOCH_FILETIME) * 100
        columns = dict(zip(together.table.column_names, (_flat(c) for c in together.table.columns), strict=True))
        columns |= identify.columns(rows) | {
            "time_ns": pa.array(ns), "time": pa.array(ns // 1000).cast(schema.TIME),
            "source": pa.repeat(pa.scalar(self._source), len(rows)), "pid": _ids(rows, "pid"), "tid": _ids(rows, "tid"),
        }  # fmt: skip
        return schema.batch(
            "activity",
            {name: _memory(name, column) for name, column in columns.items() if column.null_count < len(rows)},
        )


def _ids(rows: Rows, name: str) -> pa.Array:
    values = getattr(rows, name)
    return pa.array(np.clip(values, -1, 2**31 - 1).astype(np.int32), mask=values < 0)


_TYPES = {c.name: schema.memory_type(c) for c in schema.ACTIVITY}


def _memory(name: str, column: pa.Array) -> pa.Array:
    wanted = _TYPES[name]
    if wanted == schema.DICTIONARY and not pa.types.is_dictionary(column.type):
        return column.dictionary_encode().cast(wanted)
    return column.cast(wanted) if column.type != wanted else column


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
