"""Proof that an action took effect: the ends of processes that were seen, and the rows that say so.

Nothing counts as done because it was asked for. Each action is two rows of ``actions`` under
one id, an intent before and a result after, and the result names what was read back.
"""

from __future__ import annotations

import errno
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from enforcer.interface import Outcome
from enforcer.selection import rows_with
from pipeline import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from enforcer.interface import Order

_SIGKILL = 9
_END = ("process_key", "signal", "exit_code")


class Exits:
    """The last ``size`` ends of processes, since an end may arrive before the row of the deed (they come by two rings)."""

    def __init__(self, size: int = 65_536) -> None:
        self._keys = np.zeros(size, np.int64)
        self._ends = np.zeros((size, 2), np.int32)  # signal, exit status
        self._count = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Remember the exit rows of an ``activity`` batch."""
        rows = np.flatnonzero(rows_with(batch, "operation", ["exit"]))
        if not rows.size or "process_key" not in batch.schema.names:
            return
        ends = batch.select([n for n in _END if n in batch.schema.names]).take(pa.array(rows))
        ends = ends.filter(ends.column("process_key").is_valid()).slice(max(0, ends.num_rows - self._keys.size))
        at = (self._count + np.arange(ends.num_rows)) % self._keys.size
        self._keys[at] = ends.column("process_key").to_numpy()
        for place, name in enumerate(("signal", "exit_code")):
            known = name in ends.schema.names
            self._ends[at, place] = ends.column(name).fill_null(0).to_numpy() if known else 0
        self._count += ends.num_rows

    def find(self, process_keys: Iterable[int]) -> dict[int, Outcome]:
        """For each process that was seen to end: whether SIGKILL ended it."""
        filled = min(self._count, self._keys.size)
        hits = np.flatnonzero(np.isin(self._keys[:filled], np.fromiter(process_keys, np.int64)))
        return {int(self._keys[i]): ended_by(*map(int, self._ends[i])) for i in hits}


def ended_by(signal: int, exit_code: int) -> Outcome:
    """What the end of a process proves about a SIGKILL that was sent to it."""
    if signal == _SIGKILL:
        return Outcome("confirmed", "its exit was seen: ended by signal 9")
    how = f"by signal {signal}" if signal else f"with exit status {exit_code}"
    return Outcome(
        "failed", f"its exit was seen: ended {how}, not by SIGKILL; it may have used what it was to be denied"
    )


def refusal(number: int | None) -> Outcome:
    """What the error number of a call that the kernel was to refuse proves."""
    if number is None:
        return Outcome("unverified", "the kernel reported a refusal; the result of the call is not known")
    if number in (errno.EPERM, errno.EACCES):
        return Outcome("confirmed", f"the call came back with {errno.errorcode[number]}")
    came = errno.errorcode.get(number, str(number)) if number else "success"
    return Outcome("failed", f"the call was to be refused and came back with {came}")


class ActionLog:
    """Collects rows of table ``actions``; ``clock`` gives ns since 1970."""

    def __init__(self, clock: Callable[[], int], host: str, boot_id: str) -> None:
        self._clock = clock
        self._host = host
        self._boot_id = boot_id
        self._rows: list[dict[str, Any]] = []

    def intent(self, order: Order) -> str:
        """Write down what is about to be done; returns the action's id."""
        action = uuid.uuid4().hex
        self._rows.append(self._row(action, "intent", order) | {"enforcement": None, "evidence": None})
        return action

    def result(self, action: str, order: Order, outcome: Outcome) -> None:
        """Write down what was seen afterwards."""
        seen = {"enforcement": outcome.enforcement, "evidence": outcome.evidence}
        self._rows.append(self._row(action, "result", order) | seen)

    def take(self) -> pa.RecordBatch | None:
        """The rows since the last call, in order, as a batch of memory types; ``None`` when there are none."""
        if not self._rows:
            return None
        table = pa.Table.from_pylist(self._rows, schema.lake_schema("actions"))
        self._rows = []
        (batch,) = table.cast(schema.memory_schema("actions")).to_batches()
        return batch

    def _row(self, action: str, phase: str, order: Order) -> dict[str, Any]:
        return {
            "id": action, "phase": phase, "time": self._clock() // 1000, "host": self._host, "boot_id": self._boot_id,
            "action": order.action, "agent_run": order.run or None, "process_key": order.process_key, "pid": order.pid,
            "object": order.object, "rule": order.rule, "policy": order.policy,
            "enforced_at": order.enforced_at, "actor": order.actor,
        }  # fmt: skip
