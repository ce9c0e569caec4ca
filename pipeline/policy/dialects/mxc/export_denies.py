"""Denies of a policy in an exported MXC configuration: never less than they are, often more.

Where a deny looks at something that MXC has no word for and could become nothing but a deny of everything, that is
written; once its id is accepted it is left out instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.dialects.mxc import export_network as mxc_export_network
from pipeline.policy.dialects.mxc.export_draft import IN, OUT, Draft, Told, operations, spoken, worst
from pipeline.policy.dialects.mxc.export_files import READ, WRITE
from pipeline.policy.dialects.mxc.export_regions import denied

if TYPE_CHECKING:
    from pipeline.policy.model import Match, Rule

_LEFT_OUT = "accepted, and left out: MXC cannot say it"
_HOMES = "; home folders are taken to be in /home and /root"


def write_deny(draft: Draft, rule: Rule) -> Told:
    """Put a rule that stops something into the draft; to stop is to deny in MXC."""
    on, match, _ = spoken(rule)
    ops = operations(on)
    told: list[Told] = []
    files = (ops & {*READ, *WRITE}) | _sockets(ops, match)
    if files:
        told.append(_files(draft, rule, files))
    if ops & set(OUT) and not (match.path or match.label or set(match.protocol) == {"unix"}):
        told.append(_network(draft, rule, whole=set(OUT) <= ops))
    if ops & set(IN) and not told:
        told.append(("exact", ""))
    return worst(told)


def _sockets(ops: set[str], match: Match) -> set[str]:
    """What a network rule says of unix sockets, which are paths to MXC; only one that names them does."""
    if not (match.path or match.label or "unix" in match.protocol):
        return set()
    return ({"unix"} if ops & set(OUT) else set()) | ({"unix.bind"} if "net.bind" in ops else set())


def _held(rule: Rule, match: Match) -> bool:
    """Whether a rule waits for more than one event, which MXC cannot."""
    return bool(rule.sequence or match.rate or match.taint)


def _files(draft: Draft, rule: Rule, ops: set[str]) -> Told:
    _, match, unless = spoken(rule)
    region = denied(draft.policy, match, unless)
    vague = _held(rule, match) or not region.exact
    if region.everything and vague and rule.id in draft.accepted:
        return "wider", _LEFT_OUT
    for op in ops:
        draft.files.closed[op].append(region)
    if region.everything and vague:
        return "wider", f"MXC cannot say it: {', '.join(sorted(ops))} is closed everywhere until this is accepted"
    if vague:
        why = "MXC denies whole folders to every program: what the rule would let pass is denied, too"
        return "narrower", why + _HOMES * region.homes
    whole = set(READ) <= ops | {"unix"} or set(WRITE) <= ops | {"unix.bind"}
    return (
        ("exact", "")
        if whole or not ops - {"unix", "unix.bind"}
        else ("narrower", "MXC denies reading or writing as a whole")
    )


def _network(draft: Draft, rule: Rule, *, whole: bool) -> Told:
    _, match, unless = spoken(rule)
    written = mxc_export_network.deny(match, unless)
    vague = _held(rule, match) or not written.exact
    if written.all and vague and rule.id in draft.accepted:
        return "wider", _LEFT_OUT
    draft.deny += written.rules
    if written.all and vague:
        return "wider", "MXC cannot say it: the network is closed until this is accepted"
    if vague or not whole:
        return "narrower", "MXC denies addresses, protocols and ports to every program: more is denied"
    return "exact", ""
