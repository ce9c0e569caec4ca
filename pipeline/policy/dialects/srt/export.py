"""Export to the settings of srt: what of a policy srt can carry out, so that it contains what Lictor records.

srt denies writing and the network unless a list allows it, allows reading and running unless a list denies it, and
can look at nothing but paths and hosts. A deny with further conditions is written without them (it denies more);
an allow with further conditions is left out, or written where its id is accepted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Exported, Item
from pipeline.policy.dialects.srt.export_defaults import default_items
from pipeline.policy.dialects.srt.export_lists import Lists
from pipeline.policy.dialects.srt.export_rules import rule_item

if TYPE_CHECKING:
    from pipeline.policy.model import Policy


class SrtExporter:
    """The exporter."""

    name = "srt"

    def write(self, policy: Policy, accepted: frozenset[str]) -> Exported:
        """Translate; a rule whose only form would allow more is left out unless accepted by its id."""
        lists = Lists()
        items = [rule_item(policy, i, lists, accepted) for i in range(len(policy.rules))]
        items = [*default_items(policy, lists), *items]
        return Exported(json.dumps(settings(lists), indent=2, ensure_ascii=False) + "\n", tuple(items))


def settings(lists: Lists) -> dict[str, Any]:
    """The settings, in the order of srt's manual."""
    network: dict[str, Any] = {
        "allowedDomains": lists.allowed_hosts(),
        "deniedDomains": lists.once(lists.denied_domains),
        "strictAllowlist": True,
    }
    if lists.denied_addresses:
        network["deniedResolvedAddresses"] = lists.once(lists.denied_addresses)
    if lists.sockets and not lists.no_sockets:
        network["allowUnixSockets"] = lists.once(lists.sockets)
    if lists.local_binding and not lists.no_binding:
        network["allowLocalBinding"] = True
    files: dict[str, Any] = {"denyRead": lists.once(lists.deny_read)}
    if lists.allow_read:
        files["allowRead"] = lists.once(lists.allow_read)
    files |= {"allowWrite": lists.once(lists.allow_write), "denyWrite": lists.once(lists.deny_write)}
    return {"network": network, "filesystem": files}


EXPORTER = SrtExporter()

__all__ = ["EXPORTER", "Exported", "Item"]
