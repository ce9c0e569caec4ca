"""What an agentsh policy has besides rules on files, networks, sockets and commands: settings, and rules on what Lictor does not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.source import Location

Other = tuple["Location", str, str, str]

LISTS = {
    "registry_rules": "the Windows registry has no operation here",
    "signal_rules": "sending signals has no operation here",
    "dns_redirects": "answers to name look-ups are not changed here",
    "connect_redirects": "connections are not redirected here",
    "package_rules": "installing packages has no operation here",
    "http_services": "requests inside a connection are not seen here",
}
"""Lists of rules without an operation."""

MAPPINGS = {
    "process_contexts": "rules for what one program starts are not read; the other rules hold for all",
    "mcp_rules": "calls of MCP tools are not seen here",
    "env_policy": "reading the environment has no operation here",
    "db_services": "requests to a database are not seen here",
    "database_rules": "requests to a database are not seen here",
    "database_connection_rules": "requests to a database are not seen here",
    "policies": "policies of other parts of agentsh are not read",
}
"""Sections that restrict something and have no operation."""

SETTINGS = {
    "resource_limits": "a limit of time or resources is no rule about access",
    "audit": "what agentsh records is no rule about access",
    "env_inject": "setting variables is no rule about access",
    "transparent_commands": "each program that starts is looked at by itself here, behind whatever wrapper",
    "process_identities": "a name for processes is no rule by itself",
    "providers": "where secrets come from is no rule about access",
    "metadata": "a remark about a rule is no rule",
}


def others(data: dict[str, Any]) -> Iterator[Other]:
    """Location, text, outcome and reason of each."""
    for section, why in LISTS.items():
        for i, rule in enumerate(data.get(section) or ()):
            yield (section, i), _text(rule), "unsupported", why
    for section, why in MAPPINGS.items():
        if data.get(section):
            yield (section,), section, "unsupported", why
    for section, why in SETTINGS.items():
        if data.get(section):
            yield (section,), section, "setting", why


def _text(rule: Any) -> str:
    if not isinstance(rule, dict):
        return ""
    said = rule.get("decision") or rule.get("action") or ""
    return f"{said} {rule.get('name') or rule.get('reason') or ''}".strip()
