"""A backtest as rows for people and programs: by rule, by run, by agent or user, in full; and a comparison of two policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from lictor.backtesting import Backtest, broken, newly_allowed
from lictor.history.asked import Said
from lictor.history.sums import Sum
from pipeline import schema

BY = ("rule", "run", "agent", "user", "detail")
"""Ways to add up: by rule and verdict; by whom it would have hit; each run and rule."""

_EXAMPLE = [("first", schema.TIME), ("operation", pa.string()), ("object", pa.string()), ("exe", pa.string())]
_COUNTS = [("events", pa.int64()), ("broken", pa.int64()), ("newly_allowed", pa.int64())]
_SAID = [("verdict", pa.string()), ("was", pa.string())]
_RULE = [("rule", pa.string()), ("policy", pa.string())]


def table(found: Backtest, by: str, *, everything: bool = False) -> pa.Table:
    """Rows of a backtest; ``everything`` keeps what only was noted."""
    sums = [s for s in found.sums if everything or s.said[0].stops or newly_allowed(s)]
    if by in ("run", "agent", "user"):
        return _by_whom(found, sums, by)
    fields = [*_RULE, *_SAID, ("runs", pa.int64()), *_COUNTS, *_EXAMPLE]
    if by == "detail":
        fields = [
            ("run", pa.string()),
            ("agent", pa.string()),
            ("user", pa.string()),
            *_RULE,
            *_SAID,
            *_COUNTS,
            *_EXAMPLE,
        ]
        rows = [_detail(found, s) for s in sums]
    else:
        rows = [_total(group) for group in _grouped(sums, lambda s: (s.said[0], s.was))]
        rows.sort(key=lambda r: (-r["broken"], -r["newly_allowed"], -r["events"], str(r["rule"])))
    return _table(rows, fields)


def effect_table(found: Backtest) -> pa.Table:
    """Rows of a comparison: old verdict and rule, new ones, how many events of how many runs, and the first one."""
    sides = [(f"{side}_{name}", pa.string()) for side in ("old", "new") for name in ("verdict", "rule", "policy")]
    fields = [*sides, ("runs", pa.int64()), ("events", pa.int64()), ("went", pa.int64()), *_EXAMPLE]
    rows = []
    for group in _grouped(found.sums, lambda s: s.said):
        row: dict[str, Any] = {
            "runs": len({s.run for s in group}),
            "events": sum(s.events for s in group),
            "went": sum(s.went for s in group),
        }
        for side, said in zip(("old", "new"), group[0].said, strict=True):
            row |= {f"{side}_verdict": verdict_text(said), f"{side}_rule": said.rule, f"{side}_policy": said.policy}
        rows.append(row | _example(group))
    return _table(sorted(rows, key=lambda r: (-r["events"], str(r["new_rule"]))), fields)


def summary(found: Backtest) -> list[str]:
    """What there is to say beside the rows, the outcome last."""
    lines = [f"not judged: run {run}: {reason}" for run, reason in found.unknown.items()]
    scopes: dict[str, int] = {}
    for name in (n for names in found.out_of_scope.values() for n in dict.fromkeys(names)):
        scopes[name] = scopes.get(name, 0) + 1
    lines += [
        f"policy {name} does not apply to {_many(n, 'run')}: its scope names other agents, users, hosts or repositories"
        for name, n in scopes.items()
    ]
    if found.in_order:
        lines.append(
            f"{_many(len(found.in_order), 'run')} read event by event, since rules with a memory could have been completed there"
        )
    if found.forgotten:
        lines.append(
            f"{found.forgotten} things were forgotten while such a rule might still have needed them: counts of these rules may be too low"
        )
    return [*lines, _outcome(found)]


def object_of(example: dict[str, Any]) -> str | None:
    """What an event was done to."""
    path, second = example.get("path"), example.get("path_to")
    if second:
        return f"{path or '?'} → {second}"
    if path or example["operation"] == "exec":
        return example.get("cmdline") or path
    ip, port = example.get("dst_name") or example.get("ip"), example.get("port")
    if ip is None:
        return example.get("protocol")
    return ip if port is None else f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def verdict_text(said: Said) -> str:
    """A verdict as a person reads it: a stop that is only recorded says so."""
    stopping = said.verdict in schema.VERDICTS[schema.VERDICTS.index("ask") :]
    return f"{said.verdict} (recorded only)" if stopping and not said.stops else said.verdict or "allow"


def _outcome(found: Backtest) -> str:
    hit = [s for s in found.sums if broken(s)]
    runs = {s.run for s in hit}
    agents = {found.runs[run].context.agent for run in runs}
    users = {found.runs[run].context.user for run in runs}
    what = f"of {found.events:,} events in {_many(len(found.runs), 'run')}"
    if not hit:
        text = f"{what}, none that went through would be stopped"
    else:
        share = 100 * found.broken / max(found.events, 1)
        whom = f"{_many(len(runs), 'run')}, {_many(len(agents), 'agent')}, {_many(len(users), 'user')}"
        text = f"{what}, {found.broken:,} that went through ({share:.2g} %) would be stopped: {whom}"
    return f"{text}; {found.newly_allowed:,} that were stopped would go through" if found.newly_allowed else text


def _by_whom(found: Backtest, sums: Sequence[Sum], by: str) -> pa.Table:
    """Runs, agents or users with events that would be stopped or let go: the share is that of all their events."""

    def whose(run: str) -> str:
        context = found.runs[run].context
        return {"run": run, "agent": context.agent, "user": context.user}[by]

    totals: dict[str, int] = {}
    for run in found.runs.values():
        totals[whose(run.id)] = totals.get(whose(run.id), 0) + run.events
    rows = []
    for group in _grouped(sums, lambda s: whose(s.run)):
        who = whose(group[0].run)
        hit = [s for s in group if broken(s)]
        stopped = sum(map(broken, group))
        rows.append({
            by: who, "runs": len({s.run for s in hit}), "events": totals[who], "broken": stopped, "share": stopped / totals[who],
            "newly_allowed": sum(map(newly_allowed, group)), "rules": ", ".join(sorted({str(s.said[0].rule) for s in hit})) or None,
            **_example(hit or group),
        })  # fmt: skip
    rows.sort(key=lambda r: (-r["broken"], -r["newly_allowed"], r[by]))
    fields = [
        (by, pa.string()),
        *([] if by == "run" else [("runs", pa.int64())]),
        *_COUNTS[:2],
        ("share", pa.float64()),
        _COUNTS[2],
    ]
    return _table(rows, [*fields, ("rules", pa.string()), *_EXAMPLE])


def _grouped(sums: Iterable[Sum], key: Callable[[Sum], Any]) -> list[list[Sum]]:
    groups: dict[Any, list[Sum]] = {}
    for s in sums:
        groups.setdefault(key(s), []).append(s)
    return list(groups.values())


def _detail(found: Backtest, s: Sum) -> dict[str, Any]:
    context = found.runs[s.run].context
    return {"run": s.run, "agent": context.agent, "user": context.user, **_total([s])}


def _total(group: Sequence[Sum]) -> dict[str, Any]:
    said = group[0].said[0]
    return {
        "rule": said.rule, "policy": said.policy, "verdict": verdict_text(said), "was": group[0].was,
        "runs": len({s.run for s in group}), "events": sum(s.events for s in group), "broken": sum(map(broken, group)),
        "newly_allowed": sum(map(newly_allowed, group)), **_example(group),
    }  # fmt: skip


def _example(group: Sequence[Sum]) -> dict[str, Any]:
    """The first event of all."""
    first = min(group, key=lambda s: (s.first_ns, s.run))
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=first.first_ns // 1000)
    return {
        "first": when, "operation": first.example["operation"], "object": object_of(first.example),
        "exe": first.example.get("exe"),
    }  # fmt: skip


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _table(rows: Sequence[dict[str, Any]], fields: Sequence[tuple[str, pa.DataType]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in fields})
