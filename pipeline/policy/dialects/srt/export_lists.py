"""The lists of srt as an export fills them, and what must hold between them in the end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pipeline.policy.dialects.srt.export_network import without


@dataclass
class Lists:
    """Entries so far; ``denied_names`` and ``denied_networks`` take allowed hosts away again."""

    deny_read: list[Any] = field(default_factory=list)
    allow_read: list[Any] = field(default_factory=list)
    allow_write: list[Any] = field(default_factory=list)
    deny_write: list[Any] = field(default_factory=list)
    allowed_domains: list[str] = field(default_factory=list)
    denied_domains: list[str] = field(default_factory=list)
    denied_addresses: list[str] = field(default_factory=list)
    denied_names: list[str] = field(default_factory=list)
    denied_networks: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    local_binding: bool = False
    no_binding: bool = False
    no_sockets: bool = False

    @staticmethod
    def once(entries: list[Any]) -> list[Any]:
        """The entries without doubles."""
        return list({json.dumps(entry, sort_keys=True): entry for entry in entries}.values())

    def allowed_hosts(self) -> list[str]:
        """The allowed hosts that no rule denies whole; srt's own list of denied ones takes the rest."""
        return self.once(without(self.allowed_domains, self.denied_names, self.denied_networks))
