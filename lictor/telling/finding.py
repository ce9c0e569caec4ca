"""Finds the run that a process belongs to, as a hook must: by its ancestors, else by what its environment says.

The environment is the agent's to change. It can name no more than another run's folder, which anybody may read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from lictor.runtime import SYSTEM, run_dir
from lictor.telling.believed import all_facts, is_believed, is_name
from lictor.telling.proc import place_of

RUN_VARIABLE = "LICTOR_RUN"
"""Holds the run's name in the environment of the command that ``lictor run`` starts."""

_FURTHEST = 256
"""Ancestors that are looked at."""


def find_run(pid: int, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the run that a process belongs to; ``None`` where there is none that can be believed."""
    # A hook runs as anybody, and its run is the system's all the same.
    places = tuple(dict.fromkeys((run_dir("-").parent, SYSTEM / "runs")))
    return _by_ancestors(pid, places) or _by_name(environment.get(RUN_VARIABLE, ""), places)


def _by_ancestors(pid: int, places: tuple[Path, ...]) -> Path | None:
    roots = {
        (facts.get("root_pid"), facts.get("root_start")): runs / facts["run"]
        for runs in places
        for facts in all_facts(runs)
    }
    return next((roots[one] for one in _ancestors(pid) if one in roots), None) if roots else None


def _ancestors(pid: int) -> Iterator[tuple[int, int]]:
    """(pid, start) of a process and of those it comes from, nearest first."""
    for _ in range(_FURTHEST):
        place = place_of(pid) if pid else None
        if place is None:
            return
        yield pid, place.start
        pid = place.parent


def _by_name(run: str, places: tuple[Path, ...]) -> Path | None:
    return next((runs / run for runs in places if is_name(run) and is_believed(runs / run)), None)
