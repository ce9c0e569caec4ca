"""Alarms: rows of ``findings`` about Lictor itself, so that a failed action is seen where people look.

One line of a log would be overlooked. The same failure of the same rule in the same run is told once a minute.
"""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline import schema

if TYPE_CHECKING:
    from enforcer.interface import Order, Outcome

QUIET_S = 60.0
_REMEMBERED = 4096

Write = Callable[[pa.Table], None]


class Alarms:
    """Turns failures into findings; ``write`` takes rows of ``findings``, ``report`` a line for the person."""

    def __init__(
        self, write: Write, report: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._report = report
        self._monotonic = monotonic
        self._told: dict[tuple[str, str | None, str], float] = {}

    def failed(self, order: Order, outcome: Outcome) -> None:
        """An action did not take effect."""
        key = order.run, order.rule, order.action
        now = self._monotonic()
        if now - self._told.get(key, -QUIET_S) < QUIET_S:
            return
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told[key] = now
        title = f"action {order.action} failed: {outcome.evidence}"
        evidence = {"action": order.action, "object": order.object, "pid": order.pid, "process_key": order.process_key}
        self.raise_("action-failed", title, "high", run=order.run or None, policy=order.policy, evidence=evidence)
        self._report(f"{title} (run {order.run}, rule {order.rule})")

    def raise_(
        self, what: str, title: str, severity: str, *, run: str | None = None, policy: str | None = None,
        evidence: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        """One alarm; its rule is ``lictor:<what>``."""
        row = {
            "id": uuid.uuid4().hex, "time": time.time_ns() // 1000, "host": socket.gethostname(), "agent_run": run,
            "rule": f"lictor:{what}", "policy": policy, "severity": severity, "title": title, "attack": None,
            "evidence": json.dumps(evidence) if evidence else None,
        }  # fmt: skip
        self._write(pa.Table.from_pylist([row], schema=schema.lake_schema("findings")))
