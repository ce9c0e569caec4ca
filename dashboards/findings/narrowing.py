"""Which findings are shown: the filters of this page beside time, agents, hosts and users. They live in the address.

Counts beside each choice are of what the other filters leave, so that a choice never leads to an empty list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import streamlit as st

from dashboards.findings.statuses import STATUSES, words
from dashboards.parts import filters, plain
from pipeline.escape import visible
from pipeline.schema import SEVERITIES

SEVEREST = tuple(reversed(SEVERITIES))
MANY = 100


@dataclass(frozen=True)
class Narrowing:
    """Empty is all."""

    severity: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    attack: tuple[str, ...] = ()
    run: str = ""

    def values(self) -> dict[str, Any]:
        """As parameters of the list."""
        return {
            "severities": list(self.severity), "statuses": list(self.status), "rules": list(self.rule),
            "attacks": list(self.attack), "run": self.run,
        }  # fmt: skip

    def lets(self, row: Mapping[str, Any], *, but: str) -> bool:
        """Whether a row of the counts is left by all filters except that one."""
        wanted = {"severity": self.severity, "status": self.status, "rule": self.rule}
        single = all(not chosen or row[name] in chosen for name, chosen in wanted.items() if name != but)
        return single and (but == "attack" or not self.attack or bool(set(self.attack) & tags(row["attack"])))


def given() -> tuple[Narrowing, list[str]]:
    """What the address asks for, and a line for each of its values that nobody can mean."""
    told: list[str] = []
    known = {"severity": SEVEREST, "status": STATUSES}
    read: dict[str, tuple[str, ...]] = {}
    for name in ("severity", "status", "rule", "attack"):
        values = tuple(dict.fromkeys(v for v in st.query_params.get_all(name)[:MANY] if v.isprintable()))
        odd = [v for v in values if name in known and v not in known[name]]
        told += [f"There is no {name} {v!a}; it is left out." for v in odd]
        read[name] = tuple(v for v in values if v not in odd)
    run = st.query_params.get("run", "")
    return Narrowing(**read, run=run if run.isprintable() else ""), told


def bar(counts: pa.Table, now: Narrowing) -> Narrowing:
    """Draws the filters and gives what is chosen."""
    rows = counts.to_pylist()
    left, right = st.columns([5, 4])
    with left:
        status = _chips("status", STATUSES, _counted(rows, now, "status"), now.status)
    with right:
        severity = _chips("severity", SEVEREST, _counted(rows, now, "severity"), now.severity)
    left, right = st.columns(2)
    with left:
        by_rule = _counted(rows, now, "rule")
        rule = _several("rule", "Found by", by_rule, now.rule, lambda r: f"{r} · {by_rule[r]:,}")
    with right:
        by_tag = _counted(rows, now, "attack")
        attack = _several("attack", "Technique", by_tag, now.attack, lambda t: f"{t} · {by_tag[t]:,}")
    return Narrowing(severity, status, rule, attack, now.run)


def tags(attack: str | None) -> set[str]:
    """The ids of a set, and those of the techniques whose sub-techniques they are."""
    found = {tag.strip() for tag in (attack or "").split(",") if tag.strip()}
    return found | {head for tag in found if (head := _parent(tag)) is not None}


def _parent(tag: str) -> str | None:
    head, point, tail = tag.rpartition(".")
    return head if point and len(tail) == 3 and tail.isdigit() else None


def _counted(rows: Sequence[Mapping[str, Any]], now: Narrowing, name: str) -> Counter[str]:
    """Findings by value of one filter, the others applied."""
    found: Counter[str] = Counter()
    for row in rows:
        if now.lets(row, but=name):
            for value in tags(row["attack"]) if name == "attack" else {row[name]}:
                found[value or ""] += row["findings"]
    return found


def _chips(name: str, options: Sequence[str], counts: Counter[str], chosen: tuple[str, ...]) -> tuple[str, ...]:
    key = f"findings_{name}_{filters.turn()}"
    filters.follow(key, list(chosen))
    picked = st.pills(
        name.capitalize(), options, selection_mode="multi", key=key,
        format_func=lambda value: f"{words(value)} · {counts[value]:,}", wrap=True,
    )  # fmt: skip
    return _kept(key, name, picked, chosen)


def _several(
    name: str, title: str, counts: Counter[str], chosen: tuple[str, ...], shown: Callable[[str], str]
) -> tuple[str, ...]:
    options = list(dict.fromkeys([*(v for v, _ in counts.most_common() if v), *chosen]))
    key = f"findings_{name}_{filters.turn()}"
    filters.follow(key, list(chosen))
    picked = st.multiselect(
        title, options, key=key, placeholder="All",
        format_func=lambda value: visible(plain.shortened(shown(value), plain.LONGEST_LABEL)),
    )  # fmt: skip
    return _kept(key, name, picked, chosen)


def _kept(key: str, name: str, picked: Sequence[str], chosen: tuple[str, ...]) -> tuple[str, ...]:
    """What is chosen now, put into the address."""
    if tuple(picked) != chosen:
        filters.put(key, name, list(picked))
    return tuple(picked)
