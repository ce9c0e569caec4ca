"""What OpenShell refuses in the part of an endpoint that is about requests: protocol, presets, rules, GraphQL, MCP.

Two readers differ: the gateway turns a file into its own records first, so that an empty list is an absent one; the
supervisor's file mode (no ``version``) looks at what is written. ``gateway`` tells which one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.policy.dialects.openshell.overlaps import Endpoint, speaks_graphql
from pipeline.policy.dialects.openshell.tools import method_covers_tools, names_tool, rpc_problems
from pipeline.policy.source import Location

PROTOCOLS = ("tcp", "rest", "websocket", "graphql", "sql", "json-rpc", "mcp")
_OPERATIONS = ("query", "mutation", "subscription")
_GRAPHQL = ("operation_type", "operation_name", "fields")
_ONLY_L7 = (
    "enforcement",
    "path",
    "allow_encoded_slash",
    "websocket_credential_rewrite",
    "request_body_credential_rewrite",
    "persisted_queries",
    "graphql_persisted_queries",
    "graphql_max_body_bytes",
    "credential_signing",
    "signing_service",
    "signing_region",
    "credential_binding",
)

Found = Iterator[tuple[Location, str]]


def request_problems(endpoint: Endpoint, *, gateway: bool) -> Found:
    """Problems of one endpoint."""
    yield from _combination(endpoint)
    yield from _tcp(endpoint)
    yield from _values(endpoint, gateway=gateway)
    yield from _rules(endpoint, gateway=gateway)


def _combination(endpoint: Endpoint) -> Found:
    here, protocol = endpoint.here, endpoint.protocol
    spelt, access = endpoint.text("protocol"), endpoint.text("access")
    rules, denied = endpoint.data.get("rules"), endpoint.data.get("deny_rules")
    everything = _options(endpoint).get("allow_all_known_mcp_methods") is True
    if spelt.lower() not in ("", *PROTOCOLS):
        yield (*here, "protocol"), f"unknown protocol '{spelt}'; known: {', '.join(PROTOCOLS)}"
        protocol = ""
    if rules and access:
        yield (*here, "access"), "access and rules exclude each other"
    if protocol in ("mcp", "json-rpc") and access:
        yield (*here, "access"), f"protocol {protocol} takes rules, no access preset"
    if protocol and protocol != "mcp" and not rules and not access:
        yield (*here, "protocol"), f"protocol {protocol} needs rules" + (" or access" if protocol != "json-rpc" else "")
    if protocol == "mcp" and not rules and not access and not everything:
        yield (*here, "protocol"), "protocol mcp needs rules unless mcp.allow_all_known_mcp_methods is true"
    if rules and not (protocol == "mcp" and everything) and not any(_allows(rule["allow"]) for rule in rules if rule):
        yield (*here, "rules"), "the rules allow nothing: use access: full, or say what they allow"
    if denied and not protocol:
        yield (*here, "deny_rules"), "deny_rules need a protocol"
    if denied and protocol != "mcp" and not rules and not access:
        yield (*here, "deny_rules"), "deny_rules need rules or access to take from"


def _allows(allow: dict[str, Any]) -> bool:
    """Whether a rule names anything that is allowed; GraphQL fields or a query alone do not."""
    keys = ("method", "path", "command", "operation_type", "operation_name")
    return any(allow.get(key) for key in keys) or names_tool(allow)


def _options(endpoint: Endpoint) -> dict[str, Any]:
    return endpoint.data.get("mcp") or {}


def _tcp(endpoint: Endpoint) -> Found:
    if endpoint.text("protocol").lower() != "tcp":
        return
    data = endpoint.data
    present = [key for key in (*_ONLY_L7, "access", "rules", "deny_rules") if data.get(key)]
    present += ["mcp"] if _options(endpoint) else []
    present += ["json_rpc"] if (data.get("json_rpc") or {}).get("max_body_bytes") else []
    for key in present:
        yield (*endpoint.here, key), f"protocol tcp knows no '{key}'"


def _values(endpoint: Endpoint, *, gateway: bool) -> Found:
    here, data, protocol = endpoint.here, endpoint.data, endpoint.text("protocol")
    path, mode = endpoint.text("path"), endpoint.text("persisted_queries")
    if path and not path.startswith("/") and path != "**":
        yield (*here, "path"), f"'{path}' must begin with '/' or be '**'"
    if mode not in ("", "deny", "allow_registered"):
        yield (*here, "persisted_queries"), f"unknown value '{mode}'; known: deny, allow_registered"
    if protocol == "sql" and endpoint.text("enforcement") == "enforce":
        yield (*here, "enforcement"), "protocol sql can only be audited"
    options = [k for k in ("strict_tool_names", "allow_all_known_mcp_methods") if k in _options(endpoint)]
    if protocol != "mcp" and options:
        yield (*here, "mcp"), "these options are for protocol mcp"
    if protocol == "mcp" and not endpoint.text("host").strip():
        yield here, "protocol mcp needs a host"
    if not gateway:
        yield from _as_written(endpoint)
    for key, operation in data.get("graphql_persisted_queries", {}).items():
        place = (*here, "graphql_persisted_queries", key)
        yield from _operation(operation, place, strict=gateway and protocol == "graphql")
        # the gateway writes the list even where there is none, and then refuses it for being empty
        yield from _fields({"fields": [], **operation} if gateway else operation, place, gateway=False)


def _as_written(endpoint: Endpoint) -> Found:
    """What the gateway takes for unset."""
    here, data = endpoint.here, endpoint.data
    if endpoint.text("protocol") == "mcp" and not endpoint.ports:
        yield here, "protocol mcp needs a port"
    for key in ("rules", "deny_rules"):
        if data.get(key) == []:
            yield (*here, key), "an empty list is no rule: leave it out"
    if data.get("graphql_max_body_bytes") == 0:
        yield (*here, "graphql_max_body_bytes"), "must be above 0"


def _operation(rule: dict[str, Any], here: Location, *, strict: bool) -> Found:
    found = rule.get("operation_type", "")
    known = (*_OPERATIONS, *(() if strict else ("*",)))
    if (found if strict else found.lower()) not in known:
        yield here, f"operation_type must be one of {', '.join(known)}, not '{found}'"


def _fields(rule: dict[str, Any], here: Location, *, gateway: bool) -> Found:
    fields = rule.get("fields")
    if fields == [] and not gateway:
        yield (*here, "fields"), "an empty list is no rule: leave it out"
    if "" in (fields or []):
        yield (*here, "fields"), "a field must not be empty"


def _rules(endpoint: Endpoint, *, gateway: bool) -> Found:
    here, data = endpoint.here, endpoint.data
    allowed = [((*here, "rules", i, "allow"), r["allow"]) for i, r in enumerate(data.get("rules", [])) if r]
    denied = [((*here, "deny_rules", i), r) for i, r in enumerate(data.get("deny_rules", []))]
    narrowed = endpoint.text("protocol") == "mcp" and any(names_tool(rule) for _, rule in allowed)
    for place, rule in [*allowed, *denied]:
        allow = place[-1] == "allow"
        yield from _rule(endpoint, rule, place, gateway=gateway, allow=allow)
        method = rule.get("method", "")
        profile = allow and not method and _options(endpoint).get("allow_all_known_mcp_methods") is True
        if narrowed and not names_tool(rule) and (method_covers_tools(method) or profile):
            yield place, "covers every tool call, while other rules name tools: name a tool here, or nowhere"


def _rule(endpoint: Endpoint, rule: dict[str, Any], here: Location, *, gateway: bool, allow: bool) -> Found:
    protocol = endpoint.text("protocol")
    if not allow or protocol in ("rest", "websocket"):
        for key, matcher in rule.get("query", {}).items():
            if _is_empty(matcher, gateway=gateway):
                yield (*here, "query", key), "a pattern must not be empty"
    yield from rpc_problems(protocol, rule, here, _options(endpoint), gateway=gateway)
    graphql = any(rule.get(key) or (key == "fields" and key in rule and not gateway) for key in _GRAPHQL)
    if protocol == "websocket":
        yield from _websocket(endpoint, rule, here, gateway=gateway, graphql=graphql)
    if protocol == "graphql" or (protocol == "websocket" and graphql):
        yield from _operation(rule, here, strict=gateway and protocol == "graphql")
        yield from _fields(rule, here, gateway=gateway)


def _is_empty(matcher: Any, *, gateway: bool) -> bool:
    """The gateway keeps no empty pattern, and a matcher without one is refused."""
    return not matcher.get("any") if isinstance(matcher, dict) else gateway and not matcher


def _websocket(endpoint: Endpoint, rule: dict[str, Any], here: Location, *, gateway: bool, graphql: bool) -> Found:
    """The gateway writes method and path into every allow rule, so there GraphQL over WebSocket never loads."""
    allow = here[-1] == "allow"
    if allow and re.fullmatch("(?i)WEBSOCKET_TEXT", rule.get("method", "")) and speaks_graphql(endpoint):
        yield here, "an endpoint with GraphQL rules takes those for messages, not WEBSOCKET_TEXT"
    keys = ("method", "path", "query")
    transport = (gateway and allow) or any(rule.get(k) if gateway else k in rule for k in keys)
    if graphql and transport:
        yield here, "a rule about GraphQL over WebSocket must not name method, path or query as well"
