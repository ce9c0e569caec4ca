"""Takes a file away and tells what was seen: moved, hashed, closed; and who had to let go of it first.

A file that somebody holds cannot be moved (sharing violation). Then its holder comes first, where that is the process that
the order is about; a stranger's hold is respected, and Windows is asked to take the file at its next start, which is said so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from enforcer.interface import Order, Outcome
from enforcer.vault.record import Record, VaultError
from enforcer.windows import api, moving, security
from enforcer.windows.holders import holders
from enforcer.windows.vault import WindowsVault

End = Callable[[int, int], Outcome]
"""Ends the process of (pid, process_key), or raises ``GuardRefusal``."""

_TRIES, _PAUSE_S = 20, 0.02


class Quarantine:
    """The vault and the way in."""

    def __init__(
        self, vault: WindowsVault, end: End, who: Callable[[str], Sequence[tuple[int, int]]] = holders
    ) -> None:
        """``end`` is asked only for the process that the order is about; ``who`` tells who holds a file."""
        self._vault, self._end, self._who = vault, end, who

    def __call__(self, order: Order, deed: str | None) -> Outcome:
        """Take ``order.object`` away; see the module."""
        path = order.object or ""
        finding = {
            "agent_run": order.run, "rule": order.rule, "policy": order.policy,
            "process_key": order.process_key, "pid": order.pid, "actor": order.actor,
        }  # fmt: skip
        try:
            with self._vault.locked():
                return self._done(order, self._vault.intend(path, finding, deed))
        except (OSError, VaultError) as error:
            return Outcome("failed", f"{path}: {error}")

    def _done(self, order: Order, record: Record) -> Outcome:
        try:
            return self._take(order, record)
        except (OSError, VaultError) as error:
            self._vault.undo(record, str(error))
            return Outcome("failed", f"{record.path} stays where it is: {error}")

    def _take(self, order: Order, record: Record) -> Outcome:
        try:
            return self._taken(self._vault.take(record), "")
        except OSError as error:
            if api.code_of(error) != api.SHARING_VIOLATION:
                raise
        who = self._who(record.path)
        mine = (order.pid, order.process_key)
        strangers = [pid for pid, key in who if (pid, key) != mine]
        if strangers:
            return self._later(record, f"held by processes {', '.join(map(str, strangers[:5]))}")
        ended = self._end(*mine)
        for _ in range(_TRIES):  # handles of a process are closed a moment after its end is reported
            try:
                return self._taken(self._vault.take(record), f"; process {order.pid} held it: {ended.evidence}")
            except OSError as error:
                if api.code_of(error) != api.SHARING_VIOLATION:
                    raise
            time.sleep(_PAUSE_S)
        return self._later(record, f"still held by somebody after process {order.pid} was ended")

    def _later(self, record: Record, why: str) -> Outcome:
        self._vault.at_next_start(record, why)
        return Outcome(
            "unverified",
            f"{record.path} is {why}: it stays until the next start of Windows, which takes it ({record.id})",
        )

    def _taken(self, record: Record, how: str) -> Outcome:
        place = self._vault.place(record)
        if Path(record.path).exists():
            return Outcome("unverified", f"{record.id}: taken, but there is a file at {record.path} again{how}")
        if moving.sha256(place) != record.sha256:
            return Outcome("unverified", f"{record.id}: taken, but its content reads back differently{how}")
        said = f"{record.id}: {record.how}, gone from {record.path}, SHA-256 {record.sha256} reads back{how}"
        found = security.describe(place)
        if not security.is_sealed(found):
            return Outcome("unverified", f"{said}; its access list reads back as {found}")
        return Outcome("confirmed", f"{said}; only SYSTEM and Administrators may open it")
