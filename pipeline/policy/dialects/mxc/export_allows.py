"""Allows of a policy in an exported MXC configuration: only what MXC can say without allowing more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.combine import STOPPING
from pipeline.policy.dialects.mxc import export_network as mxc_export_network
from pipeline.policy.dialects.mxc.export_draft import (
    IN,
    NOTHING_FOR_IT,
    OUT,
    Draft,
    Told,
    open_by_default,
    operations,
    worst,
)
from pipeline.policy.dialects.mxc.export_files import EVERYTHING, READ, READING, WRITE, Files
from pipeline.policy.dialects.mxc.export_regions import ROOT, allowed

if TYPE_CHECKING:
    from pipeline.policy.model import Rule

_RECORDS = "the rule only records, which MXC does not"
_INBOUND = "LXC takes no connections from outside"


def write_allow(draft: Draft, rule: Rule) -> Told:
    """Put an allow (or an audit, which lifts a default as well) into the draft."""
    if rule.sequence or rule.match.rate or rule.match.taint:
        return "setting", _RECORDS
    ops = operations(rule.on or ())
    if all(open_by_default(draft.policy, op) for op in ops - set(IN)) and not ops & set(IN):
        return ("setting", _RECORDS) if rule.action == "audit" else ("exact", "the default allows it already")
    told: list[Told] = []
    if ops & {*READ, *WRITE}:
        told.append(_files(draft, rule, ops & {*READ, *WRITE}))
    if ops & set(OUT):
        told.append(_network(draft, rule, ops))
    if ops & set(IN):
        told.append(("narrower", _INBOUND))
    return worst(told) if told else ("setting", NOTHING_FOR_IT)


def _files(draft: Draft, rule: Rule, ops: set[str]) -> Told:
    folders, left, files = allowed(draft.policy, rule, files_too=rule.id in draft.accepted)
    for op in ops:
        draft.files.opened[op] += folders
    if files and rule.id not in draft.accepted:
        return (
            "wider",
            "MXC opens a path with all below it: patterns of single files are left out until this is accepted",
        )
    if left:
        return "narrower", "what is no fixed folder, or holds only under conditions, is left out"
    if files:
        return "wider", "accepted: MXC opens a path with all below it"
    if ROOT in folders:
        return "narrower", "the usual folders stand for the whole file system"
    wanted = EVERYTHING if ops & set(WRITE) else READING
    if any(_opened(draft).step(folder, denies=False) < wanted for folder in folders):
        return "narrower", "MXC allows reading and execution only together, and writing only with both"
    return "exact", ""


def _opened(draft: Draft) -> Files:
    """What all allows of the policy open, whether they were put into the draft yet or not."""
    whole = Files()
    for op in (*READ, *WRITE):
        whole.opened[op] = list(draft.files.opened[op])
    for rule in draft.policy.rules:
        if rule.action not in STOPPING and rule.on and rule.mode != "audit":
            for op in operations(rule.on) & {*READ, *WRITE}:
                whole.opened[op] += allowed(draft.policy, rule, files_too=rule.id in draft.accepted)[0]
    return whole


def _network(draft: Draft, rule: Rule, ops: set[str]) -> Told:
    written = mxc_export_network.allow(rule.match, rule.unless) if not rule.expires else None
    streams = set(rule.match.protocol) == {"tcp"}
    if written is None or not (set(OUT) <= ops or ("net.connect" in ops and streams)):
        return "narrower", "MXC knows addresses, protocols and ports, and no way to this machine: left out"
    if draft.network_default == "deny":
        draft.allow += written.rules
    return ("exact", "") if written.exact else ("narrower", "this machine's loopback stays closed in a container")
