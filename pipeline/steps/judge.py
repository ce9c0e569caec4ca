"""Gives every event its verdict: batch in, the same batch with the judged columns out.

No Python runs per row. Each column's distinct values become classes (``policy/classes.py``), the
classes of a row one number, and that number an index into the decisions already made. Only a
combination never seen before is put to the rules (``policy/decide.py``).

A sensor may have decided in the kernel already (a hard link to a denied file has a path that no
rule names): of its verdict and the judge's the stronger stays, the judge's where they are equal.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline import schema
from pipeline.coded import coded
from pipeline.policy.building import building
from pipeline.policy.classes import Classes, Codes, PortClasses, RangeClasses, encoded, indices, valid
from pipeline.policy.decide import LOCAL, TEXTS, Decider, Decision, Facts, named_decisions

if TYPE_CHECKING:
    from pipeline.policy.compile import Program

JUDGED = ("verdict", "rule", "policy", "policy_version", "severity")
"""The columns that this step writes."""

COLUMNS = {
    "operation": "operation", "intent": "intent", "path": "path", "path_to": "path_to", "script": "script", "exe": "exe",
    "protocol": "protocol", "argv": "cmdline", "parent": "parent_exe", "user": "user", "uid": "uid",
    "domain": "dst_name", "exe_hash": "exe_sha256", "size": "bytes",
}  # fmt: skip
"""The column that each dimension is read from; addresses and ports depend on which end of a connection is meant."""

DENSE_BITS = 20
"""Up to this many bits of a row's number the decisions lie in a plain array (4 MiB)."""

KEY_BITS = 62
"""Bits of a row's number before it is folded to the distinct ones; it must stay a positive int64."""

MOST_KNOWN = 1 << 16
"""Combinations or classes remembered before the judge starts afresh: a bound on memory, not on what it can judge."""

_STRENGTH = {verdict: i for i, verdict in enumerate(schema.VERDICTS)}
_WEAKER_THAN_ALL = -1


class Judge:
    """A step of the pipeline that judges rows with an ``agent_run``; the others keep what they have."""

    @building()
    def __init__(self, program: Program) -> None:
        self._decider = Decider(program)
        self._by_name = named_decisions(program)
        self._forget()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with ``verdict``, ``rule``, ``policy``, ``policy_version`` and ``severity``, dictionary-encoded."""
        if max(len(self._known), len(self._decisions), *map(len, self._dimensions.values())) > MOST_KNOWN:
            self._forget()
        which = self._which(batch)
        which = _where_null(batch, "agent_run", which)
        which = self._with_given(batch, which)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        return schema.batch("activity", columns | self._columns(which))

    @property
    def uses(self) -> frozenset[str]:
        """Facts that some rule looks at; what costs much to find out is found out only for these."""
        return self._decider.used

    def _forget(self) -> None:
        """Begin with empty memories; decision 0 is the absence of one."""
        decider = self._decider
        self._dimensions: dict[str, Classes | PortClasses | RangeClasses] = {
            "operation": Classes(lambda o: o if decider.concerns(o) else "", ""),
            "intent": Classes(lambda i: frozenset(filter(None, i.split(","))), frozenset()),
            "path": Classes(decider.path),
            "path_to": Classes(decider.path),
            "script": Classes(decider.path),
            "exe": Classes(lambda e: (decider.exe(e), decider.path(e)), (0, 0)),
            "ip": Classes(decider.ip),
            "port": PortClasses(decider.port, decider.port_borders()),
            "protocol": Classes(decider.protocol),
        }
        for key in TEXTS:
            if key in decider.used:
                self._dimensions[key] = Classes(partial(decider.text, key))
        if "user" in decider.used:
            self._dimensions["uid"] = Classes(partial(decider.text, "user"))
        if "size" in decider.used:
            self._dimensions["size"] = RangeClasses(decider.size, decider.size_borders())
        self._decisions = [Decision(None)]
        self._numbers = {self._decisions[0]: 0}
        self._known: dict[tuple[int, ...], int] = {}
        self._output: tuple[int, dict[str, pa.DictionaryArray]] = (0, {})
        self._dense: tuple[tuple[int, ...], Codes] = ((), np.zeros(1, np.int32))

    def _which(self, batch: pa.RecordBatch) -> Codes:
        """Index into the decisions for each row."""
        codes = self._codes(batch)
        bits = tuple((len(d) - 1).bit_length() for d in self._dimensions.values())
        key = _joined(codes, bits, batch.num_rows)
        if sum(bits) > DENSE_BITS:
            _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
            return self._decided(codes, first).take(inverse)
        if self._dense[0] != bits:
            self._dense = bits, np.full(1 << sum(bits), -1, np.int32)
        table = self._dense[1]
        which = table.take(key)
        new = np.flatnonzero(which < 0)
        if len(new):
            distinct, first = np.unique(key[new], return_index=True)
            table[distinct] = self._decided(codes, new[first])
            which = table.take(key)
        return which

    def _codes(self, batch: pa.RecordBatch) -> list[Codes | None]:
        """Class of each row for each dimension, ``None`` for a column that is not there."""
        names, dimensions = set(batch.schema.names), self._dimensions
        codes = {
            name: dimensions[name].codes(batch[column])
            for name, column in COLUMNS.items()
            if name in dimensions and column in names
        }
        local = np.array([o in LOCAL for o in dimensions["operation"].members])
        is_local = local.take(codes["operation"]) if local.any() and "operation" in codes else None
        for what in ("ip", "port"):
            ends = [dimensions[what].codes(batch[c]) if c in names else None for c in (f"src_{what}", f"dst_{what}")]
            chosen = _chosen(is_local, *ends)
            if chosen is not None:
                codes[what] = chosen
        return [codes.get(name) for name in dimensions]

    def _decided(self, codes: list[Codes | None], rows: npt.NDArray[np.int64]) -> Codes:
        """Decision numbers of some rows, by the rules where the combination is new."""
        keys = zip(
            *(np.zeros(len(rows), np.int32).tolist() if c is None else c[rows].tolist() for c in codes), strict=True
        )
        return np.array([self._decide(key) for key in keys], np.int32)

    def _decide(self, key: tuple[int, ...]) -> int:
        if key not in self._known:
            found = {name: d.members[n] for (name, d), n in zip(self._dimensions.items(), key, strict=True)}
            exe, exe_path = found.pop("exe")
            found["user"] = found.get("user", 0) | found.pop("uid", 0)
            intents = found.pop("intent")
            facts = Facts(**found, intents=intents, exe=exe, exe_path=exe_path)
            self._known[key] = self._number(self._decider.decide(facts))
        return self._known[key]

    def _number(self, decision: Decision) -> int:
        number = self._numbers.setdefault(decision, len(self._decisions))
        if number == len(self._decisions):
            self._decisions.append(decision)
        return number

    def _with_given(self, batch: pa.RecordBatch, which: Codes) -> Codes:
        """The given decision in place of the judge's wherever it is the stronger one."""
        if "verdict" not in batch.schema.names or batch["verdict"].null_count == batch.num_rows:
            return which
        mine = np.array([_strength(d.verdict) for d in self._decisions]).take(which)
        given = encoded(batch["verdict"])
        theirs = np.array([_strength(v) for v in given.dictionary.to_pylist()] + [_WEAKER_THAN_ALL])
        rows = np.flatnonzero(theirs.take(indices(given)) > mine)
        if not len(rows):
            return which
        told = {c: batch[c] for c in JUDGED if c in batch.schema.names}
        key = np.zeros(len(rows), np.int64)
        for column in told.values():
            _, inverse = np.unique(indices(encoded(column))[rows], return_inverse=True)
            _, key = np.unique(key * (inverse.max() + 1) + inverse, return_inverse=True)
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        numbers = [self._number(self._completed({c: told[c][r].as_py() for c in told})) for r in rows[first].tolist()]
        which = which.copy()
        which[rows] = np.array(numbers, np.int32).take(inverse)
        return which

    def _completed(self, told: dict[str, Any]) -> Decision:
        """A given decision, with what the sensor did not say of its rule."""
        rule, policy = told.get("rule"), told.get("policy")
        known = self._by_name.get((policy, rule)) or self._by_name.get((None, rule))
        given = {c: v for c, v in told.items() if v is not None}
        if known is None:
            return Decision(**{"verdict": None} | given)
        return Decision(**{c: getattr(known, c) for c in JUDGED} | given)

    def _columns(self, which: Codes) -> dict[str, pa.Array]:
        if self._output[0] != len(self._decisions):
            columns = {
                c: pa.array([getattr(d, c) for d in self._decisions], pa.string()).dictionary_encode() for c in JUDGED
            }
            self._output = len(self._decisions), columns
        return {name: _taken(small, which) for name, small in self._output[1].items()}


def _taken(small: pa.DictionaryArray, which: Codes) -> pa.DictionaryArray:
    """``small.take(which)``, in numpy: Arrow's own costs several times as much on a small batch."""
    return coded(indices(small).take(which), small.dictionary)


def _joined(codes: list[Codes | None], bits: tuple[int, ...], rows: int) -> npt.NDArray[np.int64]:
    """One number per row from the classes of all dimensions; equal numbers mean equal classes."""
    key, used = np.zeros(rows, np.int64), 0
    for code, width in zip(codes, bits, strict=True):
        if used + width > KEY_BITS:
            distinct, key = np.unique(key, return_inverse=True)
            used = len(distinct).bit_length()
        if width:
            key = key << width if code is None else key << width | code
            used += width
    return key


def _chosen(is_local: npt.NDArray[np.bool_] | None, local: Codes | None, peer: Codes | None) -> Codes | None:
    """Classes of the end of a connection that a row is about."""
    if is_local is None or not is_local.any():
        return peer
    return np.where(is_local, 0 if local is None else local, 0 if peer is None else peer).astype(np.int32)


def _where_null(batch: pa.RecordBatch, column: str, which: Codes) -> Codes:
    """No decision for rows without a value in ``column``."""
    if column not in batch.schema.names:
        return np.zeros_like(which)
    if batch[column].null_count:
        which = which.copy()
        which[~valid(batch[column])] = 0
    return which


def _strength(verdict: str | None) -> int:
    return _WEAKER_THAN_ALL if verdict is None else _STRENGTH.get(verdict, _WEAKER_THAN_ALL)
