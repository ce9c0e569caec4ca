"""What a Lictor that died left of a Windows machine: files between two states, and block rules of its firewall; settled, and told as rows.

The vault's records name the intents that they belong to, so a file's result comes under the id of its own intent. Rules of the firewall
name the Lictor that set them; those of one that runs no more go, since they block their programs for everybody.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from enforcer.interface import Outcome
from enforcer.vault.record import Record, VaultError
from enforcer.windows import isolate, process
from enforcer.windows.isolate import Firewall, ProgramBlock
from enforcer.windows.reconcile import is_delayed, reconcile, unsettled
from enforcer.windows.vault import WindowsVault
from lictor.errors import LictorError
from pipeline import schema

if TYPE_CHECKING:
    from collectors.interface import Origin

Told = tuple[str, Sequence[dict[str, Any]]]
"""A line for the person, and rows of ``actions``."""


class Leftovers:
    """The start after a crash, on Windows."""

    def __init__(
        self,
        vault: WindowsVault,
        context: Origin,
        *,
        read: Callable[[], Firewall] = isolate.read_back,
        block: Callable[[str], ProgramBlock] = lambda run: ProgramBlock(run, lambda: ()),
    ) -> None:
        """``read`` reads the firewall, ``block`` gives the rules of a run."""
        self._vault, self._context = vault, context
        self._read, self._block = read, block

    def settle(self, write: Callable[[pa.Table], None], report: Callable[[str], None]) -> None:
        """Settle all of it; ``write`` makes rows of ``actions`` durable. Raises ``LictorError`` when the vault cannot be read."""
        for line, rows in (*self._files(), *self._rules()):
            if rows:
                write(pa.Table.from_pylist(list(rows), schema=schema.lake_schema("actions")))
            report(line)

    def _files(self) -> Iterator[Told]:
        if not self._vault.root.is_dir():
            return
        try:
            for before, now in reconcile(self._vault):
                yield (
                    f"quarantine: an interrupted deed was settled: {now.id} ({now.path}) is {now.state}",
                    self._of_file(before, now),
                )
            for record in unsettled(self._vault):
                waits = "waits for the next start of Windows" if is_delayed(record) else "stays so"
                yield f"quarantine: {record.id} ({record.path}) is between two states ({record.state}) and {waits}", ()
        except (VaultError, OSError) as error:
            raise LictorError(f"quarantine: {error}") from error

    def _of_file(self, before: Record, now: Record) -> list[dict[str, Any]]:
        """The result that the deed owes; one that was told of before, as a move that waits, gets a pair of rows of its own."""
        restoring, finding = before.state == "restoring", now.finding
        sure = now.state == ("restored" if restoring else "taken")
        row = self._row("restore" if restoring else "quarantine") | {
            "object": now.path, "agent_run": finding.get("run"), "pid": finding.get("pid"), "rule": finding.get("rule"),
            "policy": finding.get("policy"),
        }  # fmt: skip
        said = f"{now.id}: settled at the next start: {now.state}"
        outcome = Outcome("confirmed" if sure else "failed", f"{said}; {now.note}" if now.note else said)
        if is_delayed(before) or before.deed is None:
            return _pair(row, outcome)
        return [_result(row | {"id": before.deed}, outcome)]

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
