"""Endpoints that may cover the same connection or request but disagree on how it is handled.

OpenShell's gateway refuses such a policy, since the order of reading would decide. The supervisor's own file mode
does not look, so there the import takes neither of the two for sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pipeline.policy.dialects.openshell.languages import hosts_overlap, paths_overlap, specificity
from pipeline.policy.source import Location

_BODY = 65_536
"""Bytes of a request that are looked at where nothing is said."""


@dataclass(frozen=True)
class Endpoint:
    """One endpoint, where it stands, and what it says (absent keys are absent)."""

    policy: str
    here: Location
    data: dict[str, Any]

    def text(self, key: str) -> str:
        """A text; empty is unset."""
        found: str = self.data.get(key) or ""
        return found

    @property
    def ports(self) -> tuple[int, ...]:
        """``ports`` where there are some, else ``port``."""
        port = self.data.get("port", 0)
        return tuple(self.data.get("ports") or ((port,) if port else ()))

    @property
    def protocol(self) -> str:
        """The protocol in lower case, empty for none and for plain ``tcp``."""
        found = self.text("protocol").lower()
        return "" if found == "tcp" else found


def endpoints(data: dict[str, Any]) -> list[Endpoint]:
    """All endpoints of a policy, in order."""
    return [
        Endpoint(key, ("network_policies", key, "endpoints", i), endpoint)
        for key, policy in data.get("network_policies", {}).items()
        for i, endpoint in enumerate(policy.get("endpoints", []))
    ]


def conflicts(found: list[Endpoint]) -> Iterator[tuple[Endpoint, Endpoint, list[str]]]:
    """Pairs that overlap, with the fields they disagree on."""
    for left, right in combinations(found, 2):
        if not overlap(left, right):
            continue
        fields = _differences(_connection(left), _connection(right))
        if _same_requests(left, right):
            fields += _differences(_requests(left), _requests(right)) + _same_protocol(left, right)
        if fields:
            yield left, right, fields


def overlap(left: Endpoint, right: Endpoint) -> bool:
    """Whether one connection may belong to both."""
    shared = set(left.ports) & set(right.ports) - {0}
    return bool(shared) and hosts_overlap(left.text("host"), right.text("host"))


def _same_requests(left: Endpoint, right: Endpoint) -> bool:
    paths = left.text("path"), right.text("path")
    return (
        _handles_requests(left)
        and _handles_requests(right)
        and paths_overlap(*paths)
        and specificity(paths[0]) == specificity(paths[1])
    )


def _handles_requests(endpoint: Endpoint) -> bool:
    keys = ("allowed_ips", "tls")
    bound = endpoint.data.get("credential_binding") is not None
    return bool(endpoint.protocol) or bound or any(endpoint.data.get(k) for k in keys)


def _differences(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return [key for key, value in left.items() if value != right[key]]


def _connection(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "protocol tcp": endpoint.text("protocol").lower() == "tcp",
        "tls": endpoint.text("tls").lower() == "skip",
        "allowed_ips": {ip.strip().lower() for ip in endpoint.data.get("allowed_ips", [])},
    }


def _requests(endpoint: Endpoint) -> dict[str, Any]:
    flags = ("allow_encoded_slash", "websocket_credential_rewrite", "request_body_credential_rewrite")
    texts = ("credential_signing", "signing_service", "signing_region")
    return {
        "protocol": endpoint.protocol,
        "enforcement": endpoint.text("enforcement").lower() == "enforce",
        **{key: bool(endpoint.data.get(key)) for key in flags},
        **{key: endpoint.text(key) for key in texts},
        "credential_binding": (endpoint.data.get("credential_binding") or {}).get("provider", ""),
    }


def _same_protocol(left: Endpoint, right: Endpoint) -> list[str]:
    """What only two endpoints of one protocol can disagree on."""
    if left.protocol != right.protocol:
        return []
    return _differences(_own(left), _own(right))


def _own(endpoint: Endpoint) -> dict[str, Any]:
    data = endpoint.data
    if endpoint.protocol == "websocket":
        return {"graphql rules": speaks_graphql(endpoint)}
    if endpoint.protocol == "graphql":
        return {"graphql_max_body_bytes": data.get("graphql_max_body_bytes") or _BODY}
    stanza: dict[str, Any] = data["mcp"] if data.get("mcp") is not None else data.get("json_rpc") or {}
    found = (
        {"max_body_bytes": stanza.get("max_body_bytes") or _BODY} if endpoint.protocol in ("mcp", "json-rpc") else {}
    )
    strict = {"mcp.strict_tool_names": (data.get("mcp") or {}).get("strict_tool_names", True)}
    return {**found, **strict} if endpoint.protocol == "mcp" else found


def speaks_graphql(endpoint: Endpoint) -> bool:
    """Whether a WebSocket endpoint looks into messages as GraphQL."""
    data = endpoint.data
    rules = [*(rule.get("allow", {}) for rule in data.get("rules", [])), *data.get("deny_rules", [])]
    registered = data.get("graphql_persisted_queries") or endpoint.text("persisted_queries") not in ("", "deny")
    keys = ("operation_type", "operation_name", "fields")
    return bool(registered) or any(rule.get(key) for rule in rules for key in keys)
