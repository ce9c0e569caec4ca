"""What people did around the sample's runs: policies they rolled out or tried to, and what they looked at and triaged in the dashboard."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pipeline.policy.load import load_policy
from pipeline.policy.model import Policy
from pipeline.policy.source import PolicyError
from tools.sampling.judging import INSTALLED, ROOT, installed, policy_file
from tools.sampling.plan import Run

ACCOUNTS = (("ines", "admin"), ("omar", "responder"), ("mei", "analyst"), ("paul", "viewer"))
_BROKEN = 'lictor: 1\nname: codex\nmode: enforce\nrules:\n  - id: web\n    on: net.conect\n    match: { port: "443" }\n    action: allow\n'
_VIEWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("overview", {}), ("findings", {"severity": ["high", "critical"]}), ("audit", {"since": ["24h"], "verdicts": ["deny"]}),
    ("run", {}), ("held", {}), ("explorer", {"label": ["credential"]}), ("health", {}), ("agents", {}),
)  # fmt: skip
_TRIAGE = (
    ("acknowledged", None), ("in_progress", None), ("resolved", "Key was rotated, rule is in place."),
    ("false_positive", "The build writes there on purpose."), ("risk_accepted", "Until the broker is there, see the register."),
)  # fmt: skip


def policies(runs: Sequence[Run], now: datetime, days: int) -> Iterator[dict[str, Any]]:
    """Versions in force on each host before its first run, an older one before that, and one that was refused."""
    begin = now - timedelta(days=days, hours=36)
    for host in sorted({run.host.name for run in runs}):
        files = {policy_file(run) for run in runs if run.host.name == host and run.policy}
        for number, path in enumerate(sorted(files)):
            yield from _in_force(installed(path), host, begin + timedelta(minutes=number))
    yield from _in_force(_older(), "dev-anna", begin - timedelta(days=9))
    try:
        load_policy(_BROKEN, f"{INSTALLED}/codex.yaml")
    except PolicyError as error:
        yield {
            "policy": "codex", "time": now - timedelta(days=1, hours=3), "host": "dev-omar", "state": "refused",
            "file": f"{INSTALLED}/codex.yaml", "text": _BROKEN, "reason": str(error),
        }  # fmt: skip


def console(
    findings: Sequence[dict[str, Any]], runs: Sequence[Run], now: datetime, days: int
) -> Iterator[dict[str, Any]]:
    """Sign-ins, views, searches, an export, triage of some findings, a saved search."""
    rng = random.Random(f"{days} people")  # noqa: S311 - a sample, no secret
    ids = iter(range(10**6))

    def row(at: datetime, who: tuple[str, str], act: str, **columns: Any) -> dict[str, Any]:
        return {
            "id": f"sample-{next(ids):06d}", "time": at, "host": "watch-1", "account": who[0], "role": who[1],
            "account_source": "local", "client": f"10.20.1.{10 + ACCOUNTS.index(who)}", "act": act, "outcome": "success", **columns,
        }  # fmt: skip

    for day in range(days):
        for who in ACCOUNTS:
            at = now - timedelta(days=day, hours=rng.uniform(1, 6))
            yield row(at, who, "sign_in")
            for number in range(rng.randint(2, 9)):
                page, query = rng.choice(_VIEWS)
                yield row(at + timedelta(minutes=3 * number + 1), who, "view", page=page, detail=json.dumps(query))
    yield row(now - timedelta(days=2), ("paul", "viewer"), "view", page="hunting") | {"outcome": "denied"}
    yield row(
        now - timedelta(hours=20), ("mei", "analyst"), "export", page="audit", object="rows", detail='{"rows": 1240}'
    )
    yield row(now - timedelta(hours=21), ("mei", "analyst"), "save_search", page="audit", object="Denied keys", detail=json.dumps({"verdicts": ["deny"], "keyword": [".ssh"]}))  # fmt: skip
    for number, finding in enumerate(findings[:: max(1, len(findings) // 12)]):
        status, note = _TRIAGE[number % len(_TRIAGE)]
        at = finding["time"] + min(timedelta(minutes=40 + number), (now - finding["time"]) / 2)
        who = ACCOUNTS[1 + number % 2]
        yield row(at, who, "triage", page="findings", object=finding["id"], agent_run=finding["agent_run"], status=status, note=note, detail=None)  # fmt: skip
    last = max(runs, key=lambda run: run.begins)
    order = row(now - timedelta(minutes=9), ("omar", "responder"), "order", page="run", object=f"freeze {last.id}", agent_run=last.id, note="What is it doing there?")  # fmt: skip
    yield order | {"phase": "intent", "outcome": None}
    yield order | {"id": f"{order['id']}-r", "phase": "result", "time": order["time"] + timedelta(milliseconds=90)}


def _in_force(policy: Policy, host: str, at: datetime) -> Iterator[dict[str, Any]]:
    for file, text in policy.texts.items():
        yield {
            "version": policy.version, "policy": policy.name, "time": at, "host": host, "state": "in_force",
            "file": file, "text": text, "reason": None,
        }  # fmt: skip


def _older() -> Policy:
    """A policy as it may have been before: one finding of it was rated lower."""
    return installed(ROOT / "policies" / "claude-code.yaml", ("severity: medium", "severity: low"))
