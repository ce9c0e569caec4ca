"""Who ran what where, out of the lake: the runs to judge again, each with the context that a policy is compiled for.

The lake knows the working directory and the user of a run, not its environment nor the user's home: the
home is that of the user on this machine where there is one, and the environment is what is given.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pyarrow as pa

from lictor.errors import LictorError
from lictor.history.asking import Window, with_history
from lictor.system import here
from pipeline.policy.context import RunContext

Query = Callable[[str], pa.Table]
"""Takes a SELECT; gives its rows, as ``Lake.query`` does."""


@dataclass(frozen=True)
class Run:
    """One run: its context, the events that it has in the window, and when they begin and end."""

    id: str
    context: RunContext
    events: int
    first: int
    last: int
    state: str | None = None


@dataclass(frozen=True)
class Selection:
    """Which runs: ids (or beginnings of them) and shell patterns of agents; nothing given means every run."""

    runs: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


@dataclass
class Runs:
    """The runs found, by id in order, and those that cannot be judged with the reason."""

    known: dict[str, Run] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def read_runs(query: Query, selection: Selection, window: Window, env: Mapping[str, str] | None = None) -> Runs:
    """The runs that have events in the window. Raises ``LictorError`` where a run that is asked for has none."""
    rows = query(_sql(window)).to_pylist()
    chosen = [row for row in rows if _chosen(row, selection)]
    for wanted in selection.runs:
        if not any(row["run"].startswith(wanted) for row in chosen):
            raise LictorError(f"no run begins with {wanted!a}, or it has no events then; lictor runs lists them")
    found, now = Runs(), time.time_ns()
    for row in chosen:
        reason = _unfit(row)
        if reason is not None:
            found.unknown[row["run"]] = reason
            continue
        context = RunContext(
            row["cwd"], home_of(row["user"]), env or {}, row["user"], row["host"] or "", row["agent"] or "", now_ns=now
        )
        found.known[row["run"]] = Run(row["run"], context, row["events"], row["first"], row["last"], row["state"])
    return found


@cache
def home_of(user: str) -> str:
    """The user's home on this machine, else where homes usually are."""
    return here.home_of(user)


def _sql(window: Window) -> str:
    return with_history(
        f"""SELECT c.run, c.events, c.first, c.last, r.run AS recorded, r.agent, r."user", r.host, r.cwd, r.state
        FROM (SELECT agent_run AS run, count(*) AS events, min(at_ns) AS first, max(at_ns) AS last
              FROM history_events WHERE {window.sql()} GROUP BY agent_run) AS c
        LEFT JOIN history_runs AS r USING (run) ORDER BY c.run"""  # noqa: S608 - numbers
    )


def _chosen(row: Mapping[str, Any], selection: Selection) -> bool:
    by_id = not selection.runs or any(row["run"].startswith(wanted) for wanted in selection.runs)
    return by_id and (not selection.agents or any(fnmatchcase(row["agent"] or "", p) for p in selection.agents))


def _unfit(row: Mapping[str, Any]) -> str | None:
    if row["recorded"] is None:
        return "the lake has events but no record of the run"
    missing = [name for name in ("cwd", "user") if not row[name]]
    return f"its {' and '.join(missing)} is not recorded" if missing else None


def ids(runs: Sequence[Run]) -> list[str]:
    """Their ids."""
    return [run.id for run in runs]
