"""What followed the verdicts of the sample's runs: rows of ``actions`` with intent and result, and of ``requests`` with people's decisions.

The smallest change in a request is worked out from the policy itself, as it is for a run that is really held.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from lictor.enforcing.requests import smallest
from tools.sampling.judging import HELD, context_of, policies_of
from tools.sampling.plan import Run

EVIDENCE = {
    ("deny", "confirmed"): "the call came back with EPERM",
    ("deny", "failed"): "the call was to be refused and came back with success",
    ("deny", "unverified"): "the kernel reported a refusal; the result of the call is not known",
    ("ask", "confirmed"): "cgroup.events says frozen 1",
    ("ask", "failed"): "a process outside of the run's cgroup goes on",
    ("ask", "unverified"): "the group was asked to freeze; it had not said so after 50 ms",
    ("freeze", "confirmed"): "cgroup.events says frozen 1",
    ("quarantine", "confirmed"): "moved to the vault, mode 000, read back",
    ("quarantine", "unverified"): "moved to the vault; still held open by node (4711, fd), who keep what they have",
    ("quarantine", "failed"): "the file was gone",
}
ENDS = (
    ("released", "release", "omar", "Known mirror; the rule is too narrow."), ("denied", "deny", "anna", "Not from this machine."),
    ("released", "release", "lictor", None), ("gone", None, None, None),
)  # fmt: skip
"""How a question ends: state, what is done, by whom, why."""
_ANSWERED = timedelta(minutes=3)


def actions(acted: list[dict[str, Any]], run: Run) -> Iterator[dict[str, Any]]:
    """Intent and result of what was done about events."""
    rng = random.Random(run.id + "ids")  # noqa: S311 - a sample, no secret
    for event in acted:
        yield from _both(_action(event, run, rng), event)


def requests(acted: list[dict[str, Any]], run: Run, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of ``requests`` and of the ``actions`` that came of them: (table, row). One of a run that goes on still waits."""
    rng = random.Random(run.id + "ids")  # noqa: S311 - the same numbers as those of the actions
    held = [(event, _action(event, run, rng)) for event in acted]
    held = [(event, action) for event, action in held if event["verdict"] in HELD]
    for position, (event, action) in enumerate(held):
        asked = _question(event, action, run)
        asked["change"] = smallest(asked, policies_of(run), context_of(run))
        waits = run.goes_on and position == len(held) - 1
        if waits:
            asked |= {"until": now + timedelta(hours=6)}
        yield "requests", asked
        if not waits:
            yield from _decided(asked, action, ENDS[(run.number + position) % len(ENDS)])


def _question(event: dict[str, Any], action: dict[str, Any], run: Run) -> dict[str, Any]:
    reason = next((r for p in policies_of(run) for r in p.rules if r.id == event["rule"]), None)
    columns = (
        "host",
        "boot_id",
        "agent_run",
        "agent",
        "user",
        "uid",
        "process_key",
        "pid",
        "exe",
        "operation",
        "rule",
        "policy",
    )
    return {name: event[name] for name in columns} | {
        "id": action["id"], "time": action["time"] + timedelta(milliseconds=40), "state": "waiting",
        "cmdline": event["cmdline"], "object": action["object"], "because": reason.because if reason else None,
        "instead": reason.instead if reason else None, "until": action["time"] + timedelta(minutes=10), "then": "release",
    }  # fmt: skip


def _decided(
    asked: dict[str, Any], action: dict[str, Any], end: tuple[str, str | None, str | None, str | None]
) -> Iterator[tuple[str, dict[str, Any]]]:
    state, deed, actor, why = end
    at = asked["time"] + (timedelta(minutes=10) if actor == "lictor" else _ANSWERED)
    uid = {"anna": 1000, "omar": 1000, "lictor": 0}.get(actor or "")
    yield "requests", asked | {"time": at, "state": state, "decided_by": actor, "decided_uid": uid, "why": why}
    if deed == "release":
        row = action | {
            "id": f"{action['id'][:-1]}f",
            "time": at,
            "action": deed,
            "actor": actor,
            "enforced_at": "userspace",
        }
        yield "actions", row | {"phase": "intent"}
        done = {"phase": "result", "enforcement": "confirmed", "evidence": "cgroup.events says frozen 0"}
        yield "actions", row | done | {"time": at + timedelta(milliseconds=21)}


def _action(event: dict[str, Any], run: Run, rng: random.Random) -> dict[str, Any]:
    what = event["path"] or (f"{event['dst_ip']}:{event['dst_port']}" if event["dst_ip"] else None)
    return {
        "id": f"{rng.getrandbits(128):032x}", "time": event["time"], "action": event["action"], "host": run.host.name,
        "boot_id": run.boot.id, "agent_run": run.id, "process_key": event["process_key"], "pid": event["pid"],
        "object": what, "rule": event["rule"], "policy": event["policy"], "enforced_at": event["enforced_at"],
        "actor": "policy",
    }  # fmt: skip


def _both(action: dict[str, Any], event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield action | {"phase": "intent"}
    evidence = EVIDENCE.get((event["verdict"], event["enforcement"]), "what was read back is what was wanted")
    done = action["time"] + timedelta(microseconds=150 if event["enforced_at"] == "kernel" else 23_000)
    yield action | {"phase": "result", "time": done, "enforcement": event["enforcement"], "evidence": evidence}
