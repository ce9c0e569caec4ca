"""Alerts as the service uses them: it offers rows, takes rows, and closes.

All three are called by the service's own thread; what takes long happens in the workers'. Rows about alerts go where all
rows go, by the service's hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version

import pyarrow as pa

from lictor.alerts.alert import Alert
from lictor.alerts.choosing import KINDS_OF_TABLE, Rows, Wish
from lictor.alerts.command import CommandTarget
from lictor.alerts.config import AlertsConfig
from lictor.alerts.interface import Target
from lictor.alerts.ledger import Ledger
from lictor.alerts.webhook import WebhookTarget
from lictor.alerts.worker import Worker

CLOSE_S = 5.0
"""How long the end of Lictor waits for alerts that are on their way."""

_GRACE_S = 1.0
"""How long after that a worker may take to give up its try."""


class Alerts:
    """Everybody who wants to be told, and what became of it."""

    def __init__(
        self,
        config: AlertsConfig,
        *,
        host: str,
        boot_id: str | None = None,
        report: Callable[[str], None] | None = None,
    ) -> None:
        """``report`` is told, by ``take`` and ``close``, when a target can no longer be reached and when it can again."""
        self._host = host
        self._version = version("lictor")
        self._report = report or (lambda _: None)
        self._ledger = Ledger(host, boot_id)
        targets: list[tuple[Wish, Target]] = [
            *((Wish.of(hook), WebhookTarget(hook, self._version)) for hook in config.webhooks),
            *((Wish.of(command), CommandTarget(command)) for command in config.commands),
        ]
        self._workers = [(wish, Worker(target, self._ledger, self._encoded)) for wish, target in targets]
        self._kinds = frozenset(kind for wish, _ in targets for kind in wish.kinds)
        self._said: dict[str, bool] = {}
        self._closed = False

    def offer(self, table: str, rows: pa.RecordBatch | pa.Table | None) -> None:
        """Alerts for the rows of a lake table that somebody wants; returns at once, whatever the targets do.

        Any table may be offered, also the rows that came from ``take``.
        """
        kinds = KINDS_OF_TABLE.get(table, ())
        if self._closed or rows is None or not rows.num_rows or self._kinds.isdisjoint(kinds):
            return
        looked_at = Rows(table, rows)
        for wish, worker in self._workers:
            chosen, left_out = looked_at.wanted(wish)
            for alert in chosen:
                worker.put(alert)
            if left_out:
                worker.leave_out(left_out)

    def take(self) -> pa.Table | None:
        """Rows of ``actions`` since the last call, ``None`` when there are none; also after ``close``."""
        rows = self._ledger.take()
        if rows is not None:
            self._tell()
        return rows

    def close(self, timeout: float = CLOSE_S) -> None:
        """Give what waits one last try, within ``timeout`` seconds; then ``take`` has a result for every alert."""
        self._closed = True
        for _, worker in self._workers:
            worker.close(timeout)
        until = time.monotonic() + timeout + _GRACE_S
        for _, worker in self._workers:
            worker.join(max(0.0, until - time.monotonic()))

    @property
    def dropped(self) -> dict[str, int]:
        """For each target how many alerts had to make room for others."""
        return {worker.target.name: worker.dropped for _, worker in self._workers}

    def _encoded(self, alert: Alert) -> bytes:
        return alert.document(self._host, self._version)

    def _tell(self) -> None:
        """One line when a target is lost and one when it is back, not one for each alert."""
        for _, worker in self._workers:
            name, trouble = f"{worker.target.action} {worker.target.name}", worker.trouble
            if bool(trouble) != self._said.get(name, False):
                self._said[name] = bool(trouble)
                self._report(f"alerts to {name} fail: {trouble}" if trouble else f"alerts to {name} arrive again")
