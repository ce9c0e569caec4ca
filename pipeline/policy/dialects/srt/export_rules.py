"""One rule of a policy in srt's lists, and how near that comes.

The parts of a rule (reading, writing, the network, taking ports) are written one by one; the worst of them is what
the report says. A deny is written even where srt carries out only some of it, since some is more than nothing; the
report then says ``wider``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.srt.export_defaults import BINDS, NETWORK, OPEN, READS, REMOVALS, is_open
from pipeline.policy.dialects.srt.export_files import Part, allowed_reads, allowed_writes, denied_reads, denied_writes
from pipeline.policy.dialects.srt.export_hosts import allowed_hosts, denied_hosts
from pipeline.policy.dialects.srt.export_lists import Lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.model import Policy, Rule

_RANK = {"exact": 0, "setting": 0, "narrower": 1, "unsupported": 2, "wider": 3}
_ACCEPT = frozenset(BINDS) | {"net.accept"}


def rule_item(policy: Policy, index: int, lists: Lists, accepted: frozenset[str]) -> Item:
    """Write one rule into the lists; its item says what became of it."""
    rule = policy.rules[index]
    parts = list(_parts(policy, index, rule, lists, accepted=rule.id in accepted))
    outcome, why = max(
        parts, key=lambda part: _RANK[part[0]], default=("setting", "it is about nothing that srt knows")
    )
    place = policy.places.get(("rules", index))
    return Item(
        name=rule.id,
        pointer=f"/rules/{index}",
        line=place.line if place else 1,
        text=f"{rule.action} {', '.join(rule.on or ('sequence',))}",
        outcome=outcome,
        why=why,
    )


def _parts(policy: Policy, index: int, rule: Rule, lists: Lists, *, accepted: bool) -> Iterator[Part]:
    if rule.mode == "audit" or (rule.action == "audit" and rule.sequence):
        yield "setting", "it only records"
        return
    if rule.sequence or rule.match.rate or rule.match.taint:
        yield "unsupported", "srt has no memory of what was done before"
        return
    on = frozenset(rule.on or ())
    if rule.action in OPEN:
        yield from _allow(policy, rule, on, lists, accepted=accepted)
    else:
        yield from _deny(policy, index, rule, on, lists)
        if rule.action == "ask" or rule.expires:
            yield "narrower", "srt asks nobody, and forgets nothing: it denies"


def _deny(policy: Policy, index: int, rule: Rule, on: frozenset[str], lists: Lists) -> Iterator[Part]:
    if on & set(READS):
        yield from denied_reads(policy, index, rule, lists)
    writes = {s for s in on if s.startswith("file.")} - set(READS)
    if writes:
        yield from denied_writes(policy, rule, writes, lists)
    if on & set(NETWORK):
        yield from denied_hosts(rule, lists)
    if on & _ACCEPT:
        lists.no_binding = True
        yield ("exact", "") if rule.unless is None else ("narrower", "srt cannot take ports for exceptions only")
    further = {s for s in on if not s.startswith(("file.", "net"))}
    if further and not (further == {"exec"} and on & set(READS)):  # what may not be read cannot be started either
        yield "unsupported", "srt has no rules about starting programs"


def _allow(policy: Policy, rule: Rule, on: frozenset[str], lists: Lists, *, accepted: bool) -> Iterator[Part]:
    if on & set(READS):
        yield from allowed_reads(policy, rule, lists, accepted=accepted)
    writes = {s for s in on if s.startswith("file.")} - set(READS)
    if writes:
        beside = "file.write" in writes and all(s in writes or is_open(policy, s) for s in REMOVALS)
        yield from allowed_writes(policy, rule, lists, all_of_it=beside, accepted=accepted)
    if on & set(NETWORK):
        yield from allowed_hosts(policy, rule, lists, accepted=accepted)
    if on & _ACCEPT and not is_open(policy, *BINDS):
        lists.local_binding = lists.local_binding or accepted
        yield "wider", "srt lets commands take any port or none, and connect to every local port with it"
    if any(not s.startswith(("file.", "net")) for s in on):
        yield "exact", ""
