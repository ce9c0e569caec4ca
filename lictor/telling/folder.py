"""Makes the folder of a run that goes on, and removes it at the end: who it is, and later why it was stopped.

Everybody may read it and only root write it (``believed``).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lictor.errors import LictorError
from lictor.runtime import run_dir
from lictor.telling.believed import RUN_FILE, all_facts, is_name
from lictor.telling.proc import place_of


@dataclass(frozen=True)
class RunInfo:
    """What hooks may know of a run; ``started`` is in microseconds since 1970 in UTC."""

    run: str
    agent: str
    root_pid: int
    root_key: int
    started: int
    policies: Sequence[str] = ()


def make(info: RunInfo) -> Path:
    """Make the folder of a run and write down who it is; raises ``LictorError``."""
    if not is_name(info.run):
        raise LictorError(f"no folder for run {info.run!r}: a run's name is letters, digits, dots and dashes")
    folder = run_dir(info.run)
    try:
        for each in reversed((folder, *folder.parents)):
            _make_open(each)
        if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
            raise LictorError(f"{folder} is somebody else's; set LICTOR_RUNTIME to a folder where only root writes")
        _write(folder, json.dumps(_facts(info)).encode() + b"\n")
    except OSError as error:
        raise LictorError(f"{folder}: {error.strerror}; set LICTOR_RUNTIME to a folder where root can write") from error
    return folder


def _make_open(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(0o755)
        folder.chmod(0o755)  # whatever the umask says: hooks of other users read it


def _facts(info: RunInfo) -> Mapping[str, Any]:
    """The start beside each pid tells a hook, without numpy, whether it still is that process."""
    return {
        "run": info.run, "agent": info.agent, "started": info.started, "policies": list(info.policies),
        "root_pid": info.root_pid, "root_key": info.root_key, "root_start": _start(info.root_pid),
        "service_pid": os.getpid(), "service_start": _start(os.getpid()),
    }  # fmt: skip


def _start(pid: int) -> int | None:
    place = place_of(pid)
    return None if place is None else place.start


def _write(folder: Path, data: bytes) -> None:
    """Complete under its name or not there: a hook may look at any time."""
    draft = folder / f".{RUN_FILE}"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        os.fchmod(descriptor, 0o644)
    draft.rename(folder / RUN_FILE)


def remove(run: str) -> None:
    """Remove the folder of a run with all that is in it; nothing where there is none."""
    if is_name(run):
        shutil.rmtree(run_dir(run), ignore_errors=True)


def remove_stale() -> list[str]:
    """Remove the folders that killed services left behind; the names of their runs."""
    stale = [facts["run"] for facts in all_facts(run_dir("-").parent) if not _serves(facts)]
    for run in stale:
        remove(run)
    return stale


def _serves(facts: Mapping[str, Any]) -> bool:
    pid = facts.get("service_pid")
    place = place_of(pid) if isinstance(pid, int) else None
    return place is not None and not place.dead and place.start == facts.get("service_start")
