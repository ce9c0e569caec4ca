"""What a Lictor that was killed left unsaid: intents without results, and what the keeper did for it.

Each service leaves a note in the lake while it runs. A note whose process is gone tells the next start to look:
the keeper's own account becomes rows, and each intent that has no result gets one, from what can be seen now.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lictor.lake import open_lake
from lictor.processes import alive, process_key, wait_gone
from pipeline import schema
from pipeline.lake.errors import LakeError

if sys.platform == "win32":
    from enforcer.windows.journal import settle as settle_rest
    from enforcer.windows.keeper import read_settled
else:
    from enforcer.linux.keeper import read_settled

    def settle_rest(_log: Path) -> list[Settled]:
        """What lies frozen after the end of both is seen by its cgroup, when the next service begins."""
        return []


if TYPE_CHECKING:
    from collectors.interface import Origin
    from enforcer.settled import Settled

FOLDER = "services"
"""Notes of running services, below the lake."""

_OPEN = """
    SELECT * FROM actions AS asked WHERE phase = 'intent' AND time >= make_timestamp(?::BIGINT)
      AND NOT EXISTS (FROM actions AS told WHERE told.id = asked.id AND told.phase = 'result')
"""


class Interrupted:
    """The note of this service, and those of services that died."""

    def __init__(self, lake: Path, context: Origin, report: Callable[[str], None]) -> None:
        self._lake = lake
        self._context = context
        self._report = report
        self._folder = lake / FOLDER
        self._own = self._folder / f"{os.getpid()}.json"
        self.keeper_log = self._log_of(self._own)
        """Where the keeper of this service writes what it settles."""

    @staticmethod
    def _log_of(note: Path) -> Path:
        return note.with_suffix(".keeper")

    def settle(self) -> Iterator[tuple[str, pa.Table]]:
        """Rows (table, rows) about what was interrupted; then this service's own note is written."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stale = [note for note in self._folder.glob("*.json") if not _is_alive(note)]
        if stale:
            rows = [row for note in stale for row in self._kept(self._log_of(note))]
            rows += self._owed(min(map(_since, stale)))
            if rows:
                yield "actions", pa.Table.from_pylist(rows, schema=schema.lake_schema("actions"))
            self._report(f"an earlier Lictor ended unexpectedly: {len(rows)} actions of it were settled")
        note = {"pid": os.getpid(), "key": process_key(os.getpid()), "since": time.time_ns() // 1000}
        self._own.write_text(json.dumps(note), encoding="utf-8")
        for left in stale:
            if left != self._own:
                left.unlink(missing_ok=True)
                self._log_of(left).unlink(missing_ok=True)

    def end(self) -> None:
        """The service ends in order."""
        self._own.unlink(missing_ok=True)
        self.keeper_log.unlink(missing_ok=True)

    def _kept(self, log: Path) -> Iterator[dict[str, Any]]:
        """The keeper's account, and what it could not do any more, each deed as an intent and a result."""
        for number, settled in enumerate((*read_settled(log), *settle_rest(log))):
            row = self._row(f"keeper-{settled.time_ns}-{number}", settled.what) | {"agent_run": settled.run}
            yield row | {"phase": "intent"}
            yield row | {"phase": "result", "enforcement": settled.enforcement, "evidence": settled.evidence}

    def _owed(self, since: int) -> Iterator[dict[str, Any]]:
        try:
            asked = open_lake(self._lake).query(_OPEN.replace("?", str(since)))
        except LakeError as error:
            self._report(f"interrupted actions cannot be looked up: {error}")
            return
        for intent in asked.to_pylist():
            yield intent | self._seen(intent) | {"phase": "result", "time": time.time_ns() // 1000}

    def _seen(self, intent: dict[str, Any]) -> dict[str, str]:
        """What can be said of an intent now."""
        why = "Lictor ended before it could look"
        if intent["boot_id"] != self._context.boot_id:
            return {"enforcement": "unverified", "evidence": f"{why}; the machine was started anew since"}
        if intent["action"] in ("kill", "deny") and intent["pid"] and intent["process_key"]:
            gone = wait_gone(intent["pid"], intent["process_key"], 0)
            if gone is not None:
                return {"enforcement": "confirmed", "evidence": f"{why}; {gone.evidence}"}
        return {"enforcement": "unverified", "evidence": why}

    def _row(self, name: str, action: str) -> dict[str, Any]:
        return {
            "id": name, "time": time.time_ns() // 1000, "action": action, "host": self._context.host,
            "boot_id": self._context.boot_id, "enforced_at": "userspace", "actor": "lictor-keeper",
        }  # fmt: skip


def _read(note: Path) -> dict[str, Any]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # killed while it was written
        return {}
    return found if isinstance(found, dict) else {}


def _since(note: Path) -> int:
    return int(_read(note).get("since", 0))


def _is_alive(note: Path) -> bool:
    found = _read(note)
    try:
        return alive(int(found.get("pid", 0)), int(found.get("key", 0)))
    except (OSError, ValueError, TypeError):
        return False
