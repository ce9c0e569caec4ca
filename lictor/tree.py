"""A run as a person reads it: head, process tree with what each process did, timeline.

Lines are made of styled pieces; the same lines are drawn in colour on a terminal and as
plain text in a pipe. What a policy stopped is marked by words too, never by colour alone.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from lictor.render import STYLES, console, on_terminal
from lictor.report import RunReport
from lictor.verdicts import DENIED
from pipeline.escape import visible

Row = Mapping[str, Any]
Line = list[tuple[str, str]]
"""Pieces of text, each with a rich style (empty for none)."""

TREE_LINES = 400
DEEPEST = 24
"""Levels that are indented; a fork chain of thousands would indent itself out of any screen."""

COMMAND_CHARACTERS = 160
_FACTS = (("reads", "read"), ("writes", "write"), ("deletes", "delete"), ("connections", "connection"))
_IDLE = ("execs", "reads", "writes", "deletes", "connections", "failed", "denied", "audited")


def draw(report: RunReport, out: TextIO) -> None:
    """Print the whole report."""
    lines = [*head(report), [], *tree(report.processes), [], *timeline(report)]
    if not on_terminal(out):
        out.writelines("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
        return
    from rich.text import Text  # noqa: PLC0415 - only when a terminal is there to draw on

    to = console(out)
    for line in lines:
        to.print(Text.assemble(*line), soft_wrap=True)


def head(report: RunReport) -> Iterator[Line]:
    """What ran, when, under which policy, and how it ended."""
    run = report.run
    yield [("run ", "dim"), (visible(run["run"]), "bold"), (f"  {_state(run)}", "dim")]
    facts = {
        "agent": run["agent"], "seen by": run["source"], "command": run["command"], "in": run["cwd"],
        "by": " on ".join(filter(None, (run["user"], run["host"]))), "when": _when(run),
        "policy": f"{run['policy']} ({run['mode']})" if run["policy"] else "none: nothing was judged",
    }  # fmt: skip
    for name, value in facts.items():
        if value:
            yield [(f"  {name:<8}", "dim"), (visible(value), "")]
    yield [("  events  ", "dim"), *_totals(report)]


def tree(processes: Sequence[Row]) -> Iterator[Line]:
    """The process tree, parents before children, siblings in order of their start."""
    nodes = {row["process_key"]: row for row in processes}
    children = _children(nodes)
    shown = 0
    for key, ancestors, is_last in _walk(nodes, children):
        if shown == TREE_LINES:
            yield [(f"… and {len(nodes) - shown:,} more processes; --format json gives all of them", "dim")]
            return
        if _is_idle(nodes[key]) and not children.get(key):
            continue
        shown += 1
        yield [(_indent(ancestors, is_last=is_last), "dim"), *_process(nodes[key])]
    idle = sum(_is_idle(row) and not children.get(key) for key, row in nodes.items())
    if idle:
        yield [(f"({idle:,} forked without running a program or touching anything)", "dim")]


def timeline(report: RunReport) -> Iterator[Line]:
    """One line per distinct (process, operation, object, verdict), at the time it first happened."""
    begin = _time(report.run["started"]) or (_time(report.timeline[0]["time"]) if report.timeline else None)
    for row in report.timeline:
        yield list(_event(row, begin, report.run["mode"]))
    if report.hidden > 0:
        yield [
            (
                f"… {report.hidden:,} more events (allowed reads, failed calls): --all shows them, lictor sql finds them",
                "dim",
            )
        ]


def _event(row: Row, begin: datetime | None, mode: str | None) -> Iterator[tuple[str, str]]:
    style = STYLES.get(row["verdict"] or "", "")
    at = _time(row["time"])
    offset = f"+{(at - begin).total_seconds():.3f}s" if at and begin else ""
    yield (f"{offset:>10} {row['pid'] or '':>7} ", "dim")
    yield (f"{_name(row['exe']):<14.14} {row['operation']:<13} ", style)
    yield (_short(row["object"]), style)
    if row["count"] > 1:
        yield (f" x{row['count']:,}", "dim")
    if row["verdict"] not in {None, "allow"}:
        yield (f"  ◀ {_sentence(row, mode)}", style)
    elif row["outcome"] == "failure":
        yield (f"  failed (errno {row['errno']})", "dim")


def _sentence(row: Row, mode: str | None) -> str:
    """``DENY by credentials: kill in the kernel, confirmed``; in audit mode what would have been."""
    said = f"{row['verdict'].upper() if row['verdict'] in DENIED else row['verdict']} by {visible(row['rule'] or '?')}"
    if row["action"]:
        where = f" at {row['enforced_at']}" if row["enforced_at"] not in {None, "none"} else ""
        proof = f", {row['enforcement']}" if row["enforcement"] else ""
        return f"{said}: {row['action']}{where}{proof}"
    if row["outcome"] == "denied":
        return f"{said}: the call was refused"
    if row["verdict"] in DENIED:
        return f"{said}: only recorded ({'audit mode' if mode == 'audit' else 'no action'})"
    return said


def _process(row: Row) -> Iterator[tuple[str, str]]:
    images = row["images"]
    command = images[-1]["cmdline"] or images[-1]["exe"] if images else f"{row['exe'] or '?'} (fork)"
    yield (f"{row['pid'] or '?'} ", "cyan")
    yield (_short(command), "bold red" if row["denied"] else "bold" if images else "")
    if len(images) > 1:
        yield (f"  (before: {', '.join(_name(i['exe']) for i in images[:-1][-4:])})", "dim")
    counts = [f"{row[name]:,} {word}{'s' * (row[name] != 1)}" for name, word in _FACTS if row[name]]
    if counts:
        yield ("  " + ", ".join(counts), "dim")
    if row["audited"]:
        yield (f"  {row['audited']:,} audited", STYLES["audit"])
    if row["denied"]:
        yield (f"  {row['denied']:,} DENIED", STYLES["deny"])
    yield from _end(row)


def _end(row: Row) -> Iterator[tuple[str, str]]:
    if row["signal"]:
        yield (f"  killed by {_signal(row['signal'])}", "red")
    elif row["exit_code"]:
        yield (f"  exit {row['exit_code']}", "yellow")


def _children(nodes: Mapping[int, Row]) -> dict[int | None, list[int]]:
    """Parent → children; ``None`` → the roots: processes whose creator is outside the run."""
    children: dict[int | None, list[int]] = {}
    for key, row in nodes.items():
        parent = row["parent_key"] if row["parent_key"] in nodes and row["parent_key"] != key else None
        children.setdefault(parent, []).append(key)
    return children


def _walk(
    nodes: Mapping[int, Row], children: Mapping[int | None, list[int]]
) -> Iterator[tuple[int, tuple[bool, ...], bool]]:
    """Depth first without recursion; whatever a broken chain of parents hides follows at the end as a root."""
    seen: set[int] = set()
    for root in (*children.get(None, ()), *nodes):
        stack: list[tuple[int, tuple[bool, ...], bool]] = [(root, (), True)]
        while stack:
            key, ancestors, is_last = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            yield key, ancestors, is_last
            below = (*ancestors, is_last)[-DEEPEST:]
            kids = children.get(key, [])
            stack.extend((kid, below, n == 0) for n, kid in enumerate(reversed(kids)))


def _indent(ancestors: tuple[bool, ...], *, is_last: bool) -> str:
    if not ancestors:
        return ""
    bars = "".join("   " if was_last else "│  " for was_last in ancestors[1:])
    return bars + ("└─ " if is_last else "├─ ")


def _is_idle(row: Row) -> bool:
    return not any(row[name] for name in _IDLE) and not row["images"] and not row["signal"]


def _totals(report: RunReport) -> Iterable[tuple[str, str]]:
    denied = sum(row["denied"] for row in report.processes)
    total = report.hidden + sum(row["count"] for row in report.timeline)
    yield (f"{total:,} by {len(report.processes):,} process{'es' * (len(report.processes) != 1)}", "")
    yield (f", {denied:,} DENIED", STYLES["deny"]) if denied else (", none denied", "")
    if report.run["lost"]:
        yield (f", {report.run['lost']:,} LOST on the host meanwhile (see table coverage)", "bold yellow")


def _state(run: Row) -> str:
    if run["state"] != "ended":
        return "still running"
    return "ended" if run["exit_code"] is None else f"ended with exit status {run['exit_code']}"


def _when(run: Row) -> str:
    begin, end = _time(run["started"]), _time(run["ended"])
    took = f", for {(end - begin).total_seconds():,.3g} s" if begin and end else ""
    return f"{run['started'] or 'unknown'}{took}"


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def _short(value: str | None) -> str:
    shown = visible(value or "")
    return shown if len(shown) <= COMMAND_CHARACTERS else f"{shown[: COMMAND_CHARACTERS - 1]}…"


def _name(path: str | None) -> str:
    return visible((path or "?").rsplit("/", 1)[-1])


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
