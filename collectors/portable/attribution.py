"""Whose a file event is: the process of the run that has the file open at the look, else the run alone, by place and time.

No system tells an ordinary user who touched a file. An open handle is strong evidence; that a run goes on and is about
the place is weak: a person may work there as well. So every such row says ``inferred``, and one without a handle names
no process, which is why nothing is done to anybody about it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from collectors.interface import Run
from collectors.portable.processes import Member
from collectors.portable.rows import Fact, fact
from collectors.portable.touches import Touch

_BY_HANDLE, _BY_TIME = "open handle", "place and time"


def row(touch: Touch, held: Mapping[str, Member], runs: Mapping[int, Run], about: list[int]) -> Fact:
    """The row of a touch; ``about`` are the runs that its path is about."""
    holder = held.get(touch.path) or held.get(touch.path_to or "")
    if holder is not None and holder.number in runs:
        who = holder.columns(runs[holder.number])
        who |= {"initiator_evidence": _BY_HANDLE, "quality": _with_inferred(who["quality"])}
    else:
        who = _by_time(runs, about)
    return fact(time_ns=touch.time_ns, **_what(touch), **who)


def _by_time(runs: Mapping[int, Run], about: list[int]) -> dict[str, Any]:
    """The run that goes on there; none where several do."""
    only = runs.get(about[0]) if len(about) == 1 else None
    if only is None:
        return {"initiator": "unknown", "quality": "inferred"}
    evidence = {"initiator": "unknown", "initiator_evidence": _BY_TIME, "quality": "inferred"}
    return {"agent_run": only.id, "agent": only.agent, **evidence}


def _with_inferred(quality: str) -> str:
    return quality if "inferred" in quality else f"{quality},inferred"


def _what(touch: Touch) -> dict[str, Any]:
    """Operation, paths, inode and mode. The device is left out: stat numbers it in another way than kernels do."""
    done: dict[str, Any] = {"operation": touch.operation, "path": touch.path, "path_to": touch.path_to}
    if touch.operation == "file.delete":
        return done
    place = touch.path_to or touch.path
    with suppress(OSError):
        status = os.lstat(place)
        done |= {"ino": status.st_ino, "mode": status.st_mode}
        if touch.operation == "file.create" and stat.S_ISLNK(status.st_mode):
            done |= {"operation": "file.symlink", "path": os.readlink(place), "path_to": place}  # noqa: PTH115 - as it is written
    return done
