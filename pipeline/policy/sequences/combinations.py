"""Questions about rows, put once per distinct combination of what their columns match.

The judge works in the same way; there the answer is a verdict, here it is a bit set of steps.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.policy.classes import Classes, PortClasses, RangeClasses
from pipeline.policy.decide import LOCAL, TEXTS, Decider, Facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from pipeline.policy.classes import Codes
    from pipeline.policy.sequences.plan import Longs

COLUMNS = {
    "operation": "operation", "intent": "intent", "path": "path", "path_to": "path_to", "script": "script", "exe": "exe",
    "protocol": "protocol", "argv": "cmdline", "parent": "parent_exe", "user": "user", "uid": "uid",
    "domain": "dst_name", "exe_hash": "exe_sha256", "size": "bytes",
}  # fmt: skip
"""The column that each dimension is read from; addresses and ports depend on which end of a connection is meant."""

_KEY_BITS = 62
_DENSE_BITS = 16


class Combinations:
    """The distinct combinations of facts in batches."""

    def __init__(self, decider: Decider) -> None:
        text = {key: Classes(partial(decider.text, key)) for key in TEXTS if key in decider.used}
        self._dimensions: dict[str, Classes | PortClasses | RangeClasses] = {
            "operation": Classes(str, ""),
            "intent": Classes(lambda i: frozenset(filter(None, i.split(","))), frozenset()),
            "path": Classes(decider.path),
            "path_to": Classes(decider.path),
            "script": Classes(decider.path),
            "exe": Classes(lambda e: (decider.exe(e), decider.path(e)), (0, 0)),
            "ip": Classes(decider.ip),
            "port": PortClasses(decider.port, decider.port_borders()),
            "protocol": Classes(decider.protocol),
            **text,
        }
        if "user" in decider.used:
            self._dimensions["uid"] = Classes(partial(decider.text, "user"))
        if "size" in decider.used:
            self._dimensions["size"] = RangeClasses(decider.size, decider.size_borders())

    def __len__(self) -> int:
        """The size of the largest memory in it."""
        return max(map(len, self._dimensions.values()))

    def of(self, batch: pa.RecordBatch) -> tuple[list[tuple[int, ...]], Longs]:
        """Distinct combinations of a batch, and for each row which one it has."""
        codes = self._codes(batch)
        key, used = np.zeros(batch.num_rows, np.int64), 0
        for code, dimension in zip(codes, self._dimensions.values(), strict=True):
            width = (len(dimension) - 1).bit_length()
            if code is None or not width:
                continue
            if used + width > _KEY_BITS:
                distinct, key = np.unique(key, return_inverse=True)
                used = len(distinct).bit_length()
            key = key << width | code
            used += width
        first, which = _distinct(key, used)
        columns = (np.zeros(len(first), np.int32) if c is None else c[first] for c in codes)
        return list(zip(*(c.tolist() for c in columns), strict=True)), which

    def facts(self, combination: tuple[int, ...]) -> Facts:
        """What is known of the rows of one combination."""
        found = {name: d.members[n] for (name, d), n in zip(self._dimensions.items(), combination, strict=True)}
        exe, exe_path = found.pop("exe")
        found["user"] = found.get("user", 0) | found.pop("uid", 0)
        intents = found.pop("intent")
        return Facts(**found, intents=intents, exe=exe, exe_path=exe_path)

    def _codes(self, batch: pa.RecordBatch) -> list[Codes | None]:
        names, codes = set(batch.schema.names), dict(self._own_columns(batch))
        operations = self._dimensions["operation"].members
        local = np.array([o in LOCAL for o in operations]).take(codes["operation"]) if "operation" in codes else None
        for what in ("ip", "port"):
            ends = [
                self._dimensions[what].codes(batch[c]) if c in names else None for c in (f"src_{what}", f"dst_{what}")
            ]
            chosen = _chosen(local, *ends)
            if chosen is not None:
                codes[what] = chosen
        return [codes.get(name) for name in self._dimensions]

    def _own_columns(self, batch: pa.RecordBatch) -> Iterator[tuple[str, Codes]]:
        for name, column in COLUMNS.items():
            if name in self._dimensions and column in batch.schema.names:
                yield name, self._dimensions[name].codes(batch[column])


def _distinct(key: Longs, bits: int) -> tuple[Longs, Longs]:
    """A row of each distinct number, and for each row which number it has; without sorting where numbers are small."""
    if bits > _DENSE_BITS:
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        return first, which
    some = np.full(1 << bits, -1)
    some[key] = np.arange(len(key))
    used = some >= 0
    return some[used], (np.cumsum(used) - 1).take(key)


def _chosen(is_local: npt.NDArray[np.bool_] | None, local: Codes | None, peer: Codes | None) -> Codes | None:
    """Classes of the end of a connection that a row is about."""
    if is_local is None or not is_local.any():
        return peer
    return np.where(is_local, 0 if local is None else local, 0 if peer is None else peer).astype(np.int32)
