"""A policy of Lictor as a Microsoft MXC configuration, with a report of what became of each rule.

The version is 0.9.0-alpha, the newest that every runner from 0.8.0 to 1.0.1 reads, and the containment LXC, whose
configurations the runner judges without any program installed. Nothing is written that allows more than the policy:
an allow that MXC cannot say is left out, a deny becomes a larger one, and where a deny can become nothing less than
everything, what it speaks of is closed until its id is accepted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.policy.combine import STOPPING, place_of
from pipeline.policy.dialects.interface import Exported, Item
from pipeline.policy.dialects.mxc.export_allows import write_allow
from pipeline.policy.dialects.mxc.export_denies import write_deny
from pipeline.policy.dialects.mxc.export_draft import (
    IN,
    NOTHING_FOR_IT,
    OUT,
    Draft,
    Told,
    operations,
    spoken,
)
from pipeline.policy.dialects.mxc.export_files import READ, WRITE

if TYPE_CHECKING:
    from pipeline.policy.model import Policy, Rule

VERSION = "0.9.0-alpha"
COMMAND = "/bin/sh"
IMAGE = {"distribution": "debian", "release": "bookworm"}


class _MxcExporter:
    """The exporter as the registry takes it."""

    name = "mxc"

    def write(self, policy: Policy, accepted: frozenset[str]) -> Exported:
        """Translate; an allow of single files counts, and a deny that MXC cannot say is dropped, once accepted."""
        draft = Draft(policy, accepted)
        _mode(draft)
        _defaults(draft)
        for number, rule in enumerate(policy.rules):
            _rule(draft, number, rule)
        return Exported(json.dumps(_document(draft), indent=2) + "\n", tuple(draft.items))


EXPORTER = _MxcExporter()


def _document(draft: Draft) -> dict[str, Any]:
    rules = {name: found for name, found in (("allow", draft.allow), ("deny", draft.deny)) if found}
    return {
        "version": VERSION,
        "containerId": draft.policy.name,
        "containment": "lxc",
        "process": {"commandLine": COMMAND},
        "lxc": IMAGE,
        "filesystem": draft.files.lists(),
        "network": {
            "egress": {"default": draft.network_default, **rules},
            "ingress": {"default": "deny", "hostLoopback": "deny"},
        },
    }


def _mode(draft: Draft) -> None:
    if draft.policy.mode == "audit":
        place = place_of(draft.policy, ("mode",))
        why = "the policy only records; MXC carries it out"
        draft.items.append(Item("mode", "/mode", place.line, "mode: audit", "narrower", why=why))


def _defaults(draft: Draft) -> None:
    """What is told of the defaults; the draft has them already."""
    for selector, action in draft.policy.defaults.items():
        line = place_of(draft.policy, ("defaults", selector)).line
        outcome, why = _default(selector, stops=action in STOPPING)
        name, text = f"defaults.{selector}", f"{selector}: {action}"
        draft.items.append(Item(name, f"/defaults/{selector}", line, text, outcome, why=why))


def _default(selector: str, *, stops: bool) -> Told:
    ops = operations((selector,))
    if not ops <= {*READ, *WRITE, *OUT, *IN}:
        return ("unsupported" if stops else "setting"), NOTHING_FOR_IT
    if stops:
        return "exact", ""
    if ops <= {*READ, *WRITE}:
        return (
            "narrower",
            "the usual folders are opened, where MXC's steps of reading and writing are allowed as a whole",
        )
    return "narrower", "a container reaches no loopback of this machine, and nothing reaches it"


def _rule(draft: Draft, number: int, rule: Rule) -> None:
    line = place_of(draft.policy, ("rules", number)).line
    text = rule.title or f"{rule.action} {', '.join(spoken(rule)[0])}"
    if rule.mode == "audit":
        outcome, why = "setting", "the rule only records, which MXC does not"
    else:
        outcome, why = (write_deny if rule.action in STOPPING else write_allow)(draft, rule)
    draft.items.append(Item(rule.id, f"/rules/{number}", line, text, outcome, why=why))
