"""Rows of ``actions`` about alerts: an intent when one is taken on, a result when it is settled.

Workers write them and the service takes them, since only one thread may write to the lake.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from lictor.alerts.alert import Alert
from lictor.alerts.interface import Target
from pipeline import schema


class Ledger:
    """Collects rows; may be used by several threads. ``clock`` gives ns since 1970."""

    def __init__(self, host: str, boot_id: str | None, clock: Callable[[], int] = time.time_ns) -> None:
        self._host = host
        self._boot_id = boot_id
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: list[dict[str, Any]] = []

    def intent(self, target: Target, alert: Alert, about: str) -> None:
        """An alert was taken on; ``about`` says what it is about."""
        self._write(target, alert, "intent", None, about)

    def result(self, target: Target, alert: Alert, enforcement: str, evidence: str) -> None:
        """How it ended: confirmed, failed or unverified."""
        self._write(target, alert, "result", enforcement, evidence)

    def take(self) -> pa.Table | None:
        """The rows since the last call, in order; ``None`` when there are none."""
        with self._lock:
            rows, self._rows = self._rows, []
        return pa.Table.from_pylist(rows, schema=schema.lake_schema("actions")) if rows else None

    def _write(self, target: Target, alert: Alert, phase: str, enforcement: str | None, evidence: str) -> None:
        known = ("agent_run", "process_key", "pid", "rule", "policy")
        row = {name: alert.row.get(name) for name in known} | {
            "id": alert.id, "time": self._clock() // 1000, "phase": phase, "action": target.action, "host": self._host,
            "boot_id": self._boot_id, "object": target.name, "enforced_at": "userspace", "enforcement": enforcement,
            "evidence": evidence, "actor": "lictor",
        }  # fmt: skip
        with self._lock:
            self._rows.append(row)
