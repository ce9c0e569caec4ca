"""What was learned as a policy document: a rule for each thing, what stays closed whatever was seen, and tests.

``labels`` of sensitive files are denied by rules of their own: a folder that is opened never opens those with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.policy.analysis.suggest import Learned
from pipeline.policy.analysis.suggest_facts import EVERY_LABEL, SECRETS, SeenRun
from pipeline.policy.analysis.suggest_network import Peer
from pipeline.policy.analysis.suggest_paths import example_of

NEVER_SEEN = "/lictor-suggest/never-seen"
_LONGEST = 1000
_ORIGIN = "suggest: "


@dataclass(frozen=True)
class Head:
    """What stands at the top of the document."""

    name: str = "suggested"
    mode: str = "audit"
    agents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why a rule is there."""

    rule: str
    selector: str
    what: str
    stability: float
    runs_seen: int
    events: int
    example: str


def document(
    head: Head, governed: Sequence[str], learned: Sequence[Learned], runs: Mapping[str, SeenRun]
) -> tuple[dict[str, Any], list[Reason]]:
    """The document and the reasons of its rules."""
    rules, tests, reasons = _closed(governed), _closed_tests(governed), []
    taken = {rule["id"] for rule in rules}
    for one in learned:
        name = _name(one, taken)
        taken.add(name)
        rules.append(_rule(name, one))
        event = _event(one, runs)
        if event is not None:
            tests.append({"event": event, "expect": "allow"})
        reasons.append(_reason(name, one))
    made: dict[str, Any] = {
        "lictor": 1, "name": head.name,
        "description": f"Made from what {len(runs)} runs did; look at each rule before it is in force.",
        "mode": head.mode, "defaults": dict.fromkeys(governed, "deny"), "rules": rules, "tests": tests,
    }  # fmt: skip
    return made | ({"scope": {"agents": list(head.agents)}} if head.agents else {}), reasons


def _closed(governed: Sequence[str]) -> list[dict[str, Any]]:
    """Rules for what is sensitive, whatever was seen."""
    changing = [s for s in governed if s not in ("file.read", "network")]
    rules = []
    if changing:
        rules.append(
            _deny("sensitive-files", changing, EVERY_LABEL, "No run teaches that these may be changed or run.")
        )
    if "file.read" in governed:
        rules.append(_deny("secrets", ["file.read"], SECRETS, "No run teaches that secrets may be read."))
    return rules


def _deny(name: str, on: list[str], labels: Sequence[str], because: str) -> dict[str, Any]:
    return {
        "id": name, "on": on, "match": {"label": list(labels)}, "action": "deny", "severity": "high", "because": because,
        "origin": _ORIGIN + "built-in labels are never opened",
    }  # fmt: skip


def _closed_tests(governed: Sequence[str]) -> list[dict[str, Any]]:
    tests = []
    for selector in governed:
        where = {"dst_ip": "203.0.113.99", "dst_port": 9} if selector == "network" else {"path": NEVER_SEEN}
        tests.append({"event": {"on": _operation(selector)} | where, "expect": "deny", "rule": f"default:{selector}"})
    secret = {"path": "~/.aws/credentials"}
    for selector in (s for s in governed if s != "network"):
        rule = "secrets" if selector == "file.read" else "sensitive-files"
        tests.append({"event": {"on": selector} | secret, "expect": "deny", "rule": rule})
    return tests


def _operation(selector: str) -> str:
    return "net.connect" if selector == "network" else selector


def _rule(name: str, one: Learned) -> dict[str, Any]:
    match = one.what.match() if isinstance(one.what, Peer) else {"path": one.what.text}
    times = f"{one.what.events:,} time{'' if one.what.events == 1 else 's'}"
    return {
        "id": name, "title": f"Seen in {len(one.runs)} of {one.of} runs, {times}", "on": one.selector, "match": match,
        "action": "allow", "origin": _origin(one),
    }  # fmt: skip


def _origin(one: Learned) -> str:
    """The runs by name, as many as there is room for."""
    text = f"{_ORIGIN}stability {one.stability:.2f}; runs "
    for i, run in enumerate(one.runs):
        more = f" and {len(one.runs) - i} more"
        if len(text) + len(run) + len(more) + 2 > _LONGEST:
            return text.removesuffix(", ") + more
        text += run + ", "
    return text.removesuffix(", ")


def _event(one: Learned, runs: Mapping[str, SeenRun]) -> dict[str, Any] | None:
    if isinstance(one.what, Peer):
        return one.what.example
    shown = example_of(one.what.example, runs[one.what.example_run])
    return None if shown is None else {"on": _operation(one.selector), "path": shown}


def _reason(name: str, one: Learned) -> Reason:
    what = one.what
    example = str(what.example.get("domain") or what.example.get("dst_ip")) if isinstance(what, Peer) else what.example
    return Reason(name, one.selector, what.text, one.stability, len(one.runs), what.events, example)


def _name(one: Learned, taken: set[str]) -> str:
    """An id that says what the rule is about."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", one.what.text.replace("${workspace}", "workspace").replace("~", "home"))
    short = f"{one.selector.replace('file.', '')}-{words.strip('-') or 'root'}"[:90].rstrip("-")
    return next(n for i in range(1, len(taken) + 2) if (n := short if i == 1 else f"{short}-{i}") not in taken)
