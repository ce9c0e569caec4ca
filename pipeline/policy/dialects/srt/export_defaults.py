"""The defaults of a policy in srt, whose own are fixed: reading and running open, writing and the network closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.srt.export_lists import Lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.model import Policy

OPEN = ("allow", "audit")
READS, NETWORK, BINDS = ("file.read", "file.open"), ("network", "net.connect", "net.send"), ("net.bind", "net.listen")
REMOVALS = ("file.delete", "file.chmod")


def is_open(policy: Policy, *selectors: str) -> bool:
    """Whether the defaults allow all of some operations."""
    return all(policy.defaults.get(s, "allow") in OPEN for s in selectors)


def default_items(policy: Policy, lists: Lists) -> Iterator[Item]:
    """Items of the defaults, and of those that are not written and allow."""
    if is_open(policy, "file.write"):
        lists.allow_write.append("/")
    if not is_open(policy, *READS):
        lists.deny_read.append("/")
    for selector, action in {"file.write": "allow", "network": "allow", **policy.defaults}.items():
        outcome, why = _default(policy, selector, action)
        here = ("defaults", selector)
        place = policy.places.get(here) or policy.places.get(("defaults",)) or policy.places.get(())
        yield Item(
            name=f"default:{selector}",
            pointer=f"/defaults/{selector}" if selector in policy.defaults else "/defaults",
            line=place.line if place else 1,
            text=f"{selector}: {action}",
            outcome=outcome,
            why=why,
        )
    if policy.mode == "audit":
        why = "the policy only records; srt carries out what it is told"
        yield Item("mode", "/mode", 1, "mode: audit", "narrower", why=why)


def _default(policy: Policy, selector: str, action: str) -> tuple[str, str]:
    stops = action not in OPEN
    asks = "srt asks nobody and denies" if action == "ask" else ""
    if selector in NETWORK and not stops:
        return "narrower", "srt allows only hosts that are listed, and denies unix sockets"
    if selector == "file.write" and not stops:
        return "narrower", "some names, such as .bashrc and .git/hooks, may never be written in srt"
    if selector in REMOVALS and stops and is_open(policy, "file.write"):
        return "unsupported", "who may write may also delete and change permissions in srt"
    if selector in REMOVALS and not stops and not is_open(policy, "file.write"):
        return "narrower", "who may not write may not delete or change permissions in srt"
    if stops and selector not in (*READS, *NETWORK, *BINDS, *REMOVALS, "file.write"):
        return "unsupported", "srt has no rules about this operation"
    return ("narrower", asks) if asks else ("exact", "")
