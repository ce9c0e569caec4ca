"""What a Lictor that died left of a Windows machine: files between two states, and block rules of its firewall; settled, and told as rows.

Files are the vault's affair, as on every system. Rules of the firewall name the Lictor that set them; those of one that runs no more go, since
they block their programs for everybody.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from enforcer.interface import Outcome
from enforcer.windows import isolate, process
from enforcer.windows.isolate import Firewall, ProgramBlock
from pipeline import schema

if TYPE_CHECKING:
    from collectors.interface import Origin

Told = tuple[str, Sequence[dict[str, Any]]]
"""A line for the person, and rows of ``actions``."""


class Leftovers:
    """The start after a crash, on Windows."""

    def __init__(
        self,
        context: Origin,
        *,
        read: Callable[[], Firewall] = isolate.read_back,
        block: Callable[[str], ProgramBlock] = lambda run: ProgramBlock(run, lambda: ()),
    ) -> None:
        """``read`` reads the firewall, ``block`` gives the rules of a run."""
        self._context = context
        self._read, self._block = read, block

    def settle(self, write: Callable[[pa.Table], None], report: Callable[[str], None]) -> None:
        """Settle all of it; ``write`` makes rows of ``actions`` durable. Raises ``LictorError`` when the vault cannot be read."""
        for line, rows in self._rules():
            if rows:
                write(pa.Table.from_pylist(list(rows), schema=schema.lake_schema("actions")))
            report(line)

    def _rules(self) -> Iterator[Told]:
        try:
            left = isolate.left_behind(self._read().rules, process.alive)
        except OSError as error:
            yield f"the firewall cannot be looked through for rules of an earlier Lictor: {error}", ()
            return
        for run in left:
            outcome = self._block(run).join()
            line = f"firewall rules of run {run}, whose Lictor runs no more: {outcome.evidence}"
            yield line, _pair(self._row("join") | {"agent_run": run}, outcome)

    def _row(self, action: str) -> dict[str, Any]:
        return {
            "id": uuid.uuid4().hex, "time": time.time_ns() // 1000, "action": action, "host": self._context.host,
            "boot_id": self._context.boot_id, "enforced_at": "userspace", "actor": "lictor",
        }  # fmt: skip


def _pair(row: dict[str, Any], outcome: Outcome) -> list[dict[str, Any]]:
    return [row | {"phase": "intent"}, _result(row, outcome)]


def _result(row: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    return row | {"phase": "result", "enforcement": outcome.enforcement, "evidence": outcome.evidence}
