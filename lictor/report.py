"""One run out of the lake: its row, its processes with what each did, and its timeline.

Everything is grouped by the query engine, so that a run of millions of events comes back as
as many rows as a person can look at. The lake is asked through a callable, never directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lictor.errors import LictorError
from lictor.values import rows_of
from lictor.verdicts import DENIED

Query = Callable[[str], pa.Table]
Row = dict[str, Any]

TIMELINE_ROWS = 500
PROCESS_ROWS = 20_000

_QUIET = ("file.read", "file.open", "fork", "exit")
"""Operations that fill a timeline and say little while they are allowed; the tree counts them."""

OBJECT = """CASE
  WHEN operation = 'exec' THEN coalesce(cmdline, path)
  WHEN path_to IS NOT NULL THEN coalesce(path, '?') || ' → ' || path_to
  WHEN class = 'network' AND path IS NULL THEN
    coalesce(CASE WHEN operation IN ('net.bind', 'net.listen') THEN {src} ELSE {dst} END, protocol)
  ELSE path END"""


@dataclass(frozen=True)
class RunReport:
    """``run``: one ``runs`` row; ``processes`` and ``timeline``: rows in order of time; ``hidden``: events not in the timeline."""

    run: Row
    processes: list[Row]
    timeline: list[Row]
    hidden: int


def find_run(query: Query, wanted: str) -> Row:
    """The run with this id, or the only one that begins with it, or the newest for ``last``.

    Raises ``LictorError`` when there is none, or more than one.
    """
    chosen = "true" if wanted == "last" else f"starts_with(run, {text(wanted)})"
    found = rows_of(query(f"SELECT * FROM runs WHERE {chosen} ORDER BY started DESC, run LIMIT 6"))  # noqa: S608 - text() quotes
    if not found:
        which = "there is no run yet" if wanted == "last" else f"no run begins with {wanted!a}"
        raise LictorError(f"{which} in this lake; lictor runs lists them, --lake chooses another lake")
    exact = [row for row in found if row["run"] == wanted]
    if wanted == "last" or exact or len(found) == 1:
        return (exact or found)[0]
    some = ", ".join(row["run"] for row in found[:5])
    raise LictorError(f"{wanted!a} is not unique: {some}{', …' if len(found) > 5 else ''}; give more of the id")


def load(query: Query, run: Row, *, everything: bool = False, limit: int = TIMELINE_ROWS) -> RunReport:
    """Processes and timeline of a run; ``everything`` keeps allowed reads and failed calls in the timeline."""
    where = f"agent_run = {text(run['run'])}"
    timeline = rows_of(query(_timeline_sql(where, everything=everything, limit=limit)))
    total = rows_of(query(f"SELECT count(*) AS n FROM activity WHERE {where}"))[0]["n"]  # noqa: S608 - text() quotes
    shown = sum(row["count"] for row in timeline)
    return RunReport(run, _processes(query, where), timeline, total - shown)


def text(value: str) -> str:
    """A string as an SQL literal."""
    return "'" + value.replace("'", "''").replace("\0", "") + "'"


def _processes(query: Query, where: str) -> list[Row]:
    """Facts of each process that was seen doing anything, joined with what forks say of those that did nothing."""
    facts = {row["process_key"]: row for row in rows_of(query(_facts_sql(where)))}
    for fork in rows_of(query(_forks_sql(where))):
        row = facts.setdefault(
            fork["process_key"], {**dict.fromkeys(_FACTS, 0), **fork, "exit_code": None, "signal": None}
        )
        row.update({"started": fork["started"], "parent_key": fork["parent_key"], "forked": True})
    for row in facts.values():
        row.setdefault("forked", False)
        row["images"] = []
    for image in rows_of(query(_images_sql(where))):
        if image["process_key"] in facts:
            facts[image["process_key"]]["images"].append({k: v for k, v in image.items() if k != "process_key"})
    return sorted(facts.values(), key=lambda row: (row["started"] or "", row["process_key"] or 0))


_FACTS = {
    "execs": "operation = 'exec' AND outcome = 'success'",
    "reads": "operation IN ('file.read', 'file.open') AND outcome = 'success'",
    "writes": "class = 'file' AND operation NOT IN ('file.read', 'file.open', 'file.delete') AND outcome = 'success'",
    "deletes": "operation = 'file.delete' AND outcome = 'success'",
    "connections": "operation IN ('net.connect', 'net.send', 'net.accept')",
    "failed": "outcome = 'failure'",
    "audited": "verdict IN ('audit', 'ask')",
    "denied": f"verdict IN ({', '.join(map(text, DENIED))})",
}


def _facts_sql(where: str) -> str:
    counts = ", ".join(f"count(*) FILTER ({condition}) AS {name}" for name, condition in _FACTS.items())
    return f"""SELECT process_key, any_value(pid) AS pid, any_value(parent_key) AS parent_key,
        arg_max(exe, time_ns) AS exe, any_value("user") AS "user", min(time) AS started, max(time) FILTER (operation = 'exit') AS ended,
        max(exit_code) FILTER (operation = 'exit') AS exit_code, max(signal) FILTER (operation = 'exit') AS signal, {counts}
        FROM activity WHERE {where} AND process_key IS NOT NULL GROUP BY process_key ORDER BY started LIMIT {PROCESS_ROWS}"""  # noqa: S608 - where is quoted by text()


def _forks_sql(where: str) -> str:
    return f"""SELECT child_key AS process_key, child_pid AS pid, process_key AS parent_key, exe, "user", time AS started
        FROM activity WHERE {where} AND operation = 'fork' AND child_key IS NOT NULL ORDER BY time_ns LIMIT {PROCESS_ROWS}"""  # noqa: S608 - see above


def _images_sql(where: str) -> str:
    return f"""SELECT process_key, time, exe, cmdline, script, cwd, tool_call, verdict, rule
        FROM activity WHERE {where} AND operation = 'exec' AND outcome <> 'failure' ORDER BY time_ns LIMIT {PROCESS_ROWS}"""  # noqa: S608 - see above


def _timeline_sql(where: str, *, everything: bool, limit: int) -> str:
    judged = "coalesce(verdict, 'allow') <> 'allow'"
    noteworthy = f"({judged} OR (operation NOT IN ({', '.join(map(text, _QUIET))}) AND outcome <> 'failure'))"
    object_ = OBJECT.format(src=_endpoint("src"), dst=_endpoint("dst"))
    return f"""SELECT min(time) AS time, process_key, any_value(pid) AS pid, any_value(exe) AS exe, operation, {object_} AS object,
        outcome, errno, tool_call, verdict, rule, policy, severity, action, enforced_at, enforcement, count(*) AS count
        FROM activity WHERE {where} AND {"true" if everything else noteworthy}
        GROUP BY ALL ORDER BY min(time_ns) LIMIT {limit}"""  # noqa: S608 - see above


def _endpoint(side: str) -> str:
    ip, port = f"{side}_ip", f"{side}_port"
    bracketed = f"CASE WHEN contains({ip}, ':') THEN '[' || {ip} || ']' ELSE {ip} END"
    return f"{bracketed} || coalesce(':' || {port}, '')"
