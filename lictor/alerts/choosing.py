"""Which rows of a batch a target is to be told of: array operations, since most batches hold none.

The severity of what has no column for it follows from what it is: of an action from the table that rules use, and a
failed one is at least high; a request is high, since a run stands still and a person is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lictor.alerts.alert import Alert
from lictor.alerts.model import ACTIONS
from lictor.alerts.waiting import LIMIT
from lictor.values import rows_of
from pipeline import schema
from pipeline.policy.compile import SEVERITY_OF

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lictor.alerts.model import Command, Webhook

KINDS_OF_TABLE = {"findings": ("findings", "alarms"), "actions": ("actions",), "requests": ("requests",)}
"""Tables that alerts are made of, and the kinds that their rows are."""

OWN_PREFIX = "lictor:"
"""Rules of findings that Lictor makes about itself begin so."""

OWN_ACTIONS = ("webhook", "command")
"""Actions that are alerts themselves: no alert is ever made of them, or each would make the next."""

_SEVERITIES = pa.array(schema.SEVERITIES)
_HIGH = schema.SEVERITIES.index("high")
_LEVEL_OF = {name: schema.SEVERITIES.index(SEVERITY_OF.get(name) or "informational") for name in ACTIONS}
_ACTIONS = pa.array(ACTIONS)
_LEVELS = np.array([*_LEVEL_OF.values(), 0])  # the last for an action of another name


@dataclass(frozen=True)
class Wish:
    """What one target wants to be told of; ``lowest`` is the position of a severity."""

    kinds: frozenset[str]
    lowest: int
    actions: tuple[str, ...] | None

    @classmethod
    def of(cls, target: Webhook | Command) -> Wish:
        """As the file says it."""
        return cls(frozenset(target.on), schema.SEVERITIES.index(target.min_severity), target.actions)


class Rows:
    """A batch of one table, looked at once for all targets."""

    def __init__(self, table: str, rows: pa.RecordBatch | pa.Table) -> None:
        self._table = table
        self._rows = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        self._action = self._column("action") if table == "actions" else None
        self._levels, self._meant = self._looked_at()

    def wanted(self, wish: Wish, most: int = LIMIT) -> tuple[list[Alert], int]:
        """The alerts of a wish, in the order of the rows, and how many more there would have been.

        Of each kind at most ``most``, the most severe and of these the newest: more could not wait anyway.
        """
        alerts: list[Alert] = []
        left_out = 0
        for kind in KINDS_OF_TABLE[self._table]:
            if kind in wish.kinds:
                places = np.flatnonzero(self._mask(kind, wish))
                kept = np.sort(places[np.argsort(self._levels[places], kind="stable")][-most:])
                alerts += self._alerts(kind, kept)
                left_out += len(places) - len(kept)
        return alerts, left_out

    def _mask(self, kind: str, wish: Wish) -> NDArray[np.bool_]:
        mask = self._meant[kind] & (self._levels >= wish.lowest)
        if self._action is not None and wish.actions is not None:
            mask &= _is_in(self._action, wish.actions)
        return mask

    def _alerts(self, kind: str, places: NDArray[np.intp]) -> Iterable[Alert]:
        if not places.size:
            return ()
        rows = rows_of(self._rows.take(pa.array(places)))
        return [Alert(kind, int(self._levels[i]), self._table, row) for i, row in zip(places, rows, strict=True)]

    def _looked_at(self) -> tuple[NDArray[np.intp], dict[str, NDArray[np.bool_]]]:
        """The level of each row, and for each kind the rows that are of it."""
        if self._action is not None:
            return self._action_levels(self._action), {"actions": self._results(self._action)}
        if self._table == "requests":
            return np.full(self._rows.num_rows, _HIGH), {"requests": np.ones(self._rows.num_rows, bool)}
        levels = pc.fill_null(pc.index_in(self._column("severity"), _SEVERITIES), 0).to_numpy()
        alarms = pc.fill_null(pc.starts_with(self._column("rule"), OWN_PREFIX), fill_value=False).to_numpy()
        return levels, {"findings": ~alarms, "alarms": alarms}

    def _action_levels(self, action: pa.ChunkedArray) -> NDArray[np.intp]:
        levels: NDArray[np.intp] = _LEVELS[pc.fill_null(pc.index_in(action, _ACTIONS), len(ACTIONS)).to_numpy()]
        failed = _is_in(self._column("enforcement"), ("failed",))
        levels[failed] = np.maximum(levels[failed], _HIGH)
        return levels

    def _results(self, action: pa.ChunkedArray) -> NDArray[np.bool_]:
        """What was done and how it ended; the intent before it would only say it twice."""
        return _is_in(self._column("phase"), ("result",)) & ~_is_in(action, OWN_ACTIONS)

    def _column(self, name: str) -> pa.ChunkedArray:
        """A text column, plain; NULLs where the batch has none."""
        if name not in self._rows.schema.names:
            return pa.chunked_array([pa.nulls(self._rows.num_rows, pa.string())])
        return self._rows.column(name).cast(pa.string())


def _is_in(column: pa.ChunkedArray, names: Iterable[str]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.is_in(column, pa.array(list(names), pa.string())).to_numpy()
    return found
