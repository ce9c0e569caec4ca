"""What a keeper is told of suspensions lies in its log, beside what it did: for the next start, where Lictor and its keeper were ended at once.

Nobody is left to undo a suspension then, and the system knows of no owner. So Lictor writes each word about one into the log before it acts; what
was suspended and neither cleared nor settled is seen to by its next start.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enforcer.interface import GuardRefusal
from enforcer.settled import Settled
from enforcer.windows import api, process, suspension
from enforcer.windows.suspension import Halt

WORDS = ("add", "halt", "clear", "drop")
"""What is written down of what is told to a keeper."""


@dataclass
class Left:
    """One run of which nobody said how it went on."""

    closed: bool = False
    halts: dict[int, Halt] = field(default_factory=dict)
    """Process key → suspension."""


def write(log: int, line: bytes) -> None:
    """Append a line to the log of this handle. A full disk must not end what is done."""
    with suppress(OSError):
        api.call("WriteFile", log, line, len(line), ctypes.byref(ctypes.c_uint32()), None)


def left(text: bytes) -> dict[str, Left]:
    """Runs of a log with suspensions that were neither cleared nor settled; lines that were cut by a crash are left out. Pure."""
    runs: dict[str, Left] = {}
    for one in text.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            _read(json.loads(one), runs)
    return {name: run for name, run in runs.items() if run.halts}


def _read(said: Mapping[str, Any], runs: dict[str, Left]) -> None:
    run = runs.setdefault(said["run"], Left())
    word = said.get("do")
    if word == "add":
        run.closed = said["fail"] == "closed"
    elif word == "halt":
        run.halts[said["key"]] = Halt(said["pid"], said["key"], said["before"])
    elif word in ("clear", "drop") or said.get("enforcement") == "confirmed":
        run.halts.clear()


def settle(log: Path) -> list[Settled]:
    """Undo what is left of a dead Lictor's suspensions, or end who fails closed; one for each run of which somebody still stood still."""
    try:
        runs = left(log.read_bytes())
    except FileNotFoundError:
        return []
    return [row for name, run in runs.items() if (row := _settle(name, run)) is not None]


def _settle(name: str, run: Left) -> Settled | None:
    still = [halt for halt in run.halts.values() if _is_made(halt)]
    if not still:
        return None
    failed = [halt for halt in still if not (_is_ended(halt) if run.closed else suspension.undo(halt))]
    what = "ended" if run.closed else "resumed"
    evidence = (
        f"Lictor and its keeper had ended; processes that still stood still: {len(still)}, not {what}: {len(failed)}; "
        "the limit on new processes in its job cannot be lifted any more"
    )
    verdict = "failed" if failed else "confirmed"
    return Settled(time.time_ns(), name, "kill" if run.closed else "release", verdict, evidence)


def _is_ended(halt: Halt) -> bool:
    with suppress(GuardRefusal):  # another process has its pid by now
        process.kill_process(halt.pid, halt.key, 1)
    return not process.alive(halt.pid, halt.key)


def _is_made(halt: Halt) -> bool:
    """One that may not be looked at may stand still: it is tried, and counts as failed."""
    try:
        return suspension.is_made(halt)
    except OSError:
        return True
