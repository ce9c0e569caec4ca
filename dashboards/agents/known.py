"""What counts as what, taken from the hunts, so that a page and a detection never disagree: approved agents, bypass flags, settings."""

from __future__ import annotations

from functools import lru_cache

from queries.hunting import find, lists


@lru_cache(maxsize=1)
def bypass_flags() -> str:
    """Arguments that switch approvals off, as a regular expression."""
    return _default("approvals_bypassed", "flags")


@lru_cache(maxsize=1)
def approved() -> frozenset[str]:
    """Agents that may run, as the hunt ``unsanctioned_agent`` has them."""
    return frozenset(name.strip() for name in _default("unsanctioned_agent", "approved").split(","))


@lru_cache(maxsize=1)
def settings_files() -> list[str]:
    """Files that decide what agents may do and which tool servers they start, as patterns."""
    known = lists()
    return [*known["agent_settings"], *known["mcp_settings"]]


def _default(hunt: str, name: str) -> str:
    return next(p.default for p in find(hunt).parameters if p.name == name)
