"""What OpenShell refuses in rules about JSON-RPC methods and MCP tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.policy.dialects.openshell.hosts import glob_regex
from pipeline.policy.source import Location

Found = Iterator[tuple[Location, str]]

_WILD = re.compile(r"[*?\[\]{}]")


def names_tool(rule: dict[str, Any]) -> bool:
    """Whether a rule is about certain tools."""
    return rule.get("tool") is not None or rule.get("params", {}).get("name") is not None


def method_covers_tools(method: str) -> bool:
    """Whether a method pattern matches every tool call."""
    if method in ("tools/call", "*"):
        return True
    regex = glob_regex(method)
    return regex is not None and bool(regex.fullmatch("tools/call"))


def rpc_problems(
    protocol: str, rule: dict[str, Any], here: Location, options: dict[str, Any], *, gateway: bool
) -> Found:
    """Problems of one rule; what is for MCP alone is refused elsewhere."""
    if protocol == "mcp":
        yield from _mcp(rule, here, options, gateway=gateway)
        return
    if rule.get("tool") is not None:
        yield (*here, "tool"), "tools are for protocol mcp"
    if rule.get("params") or (not gateway and "params" in rule):
        yield (*here, "params"), "params are for protocol mcp"
    if protocol != "json-rpc":
        return
    method = rule.get("method", "")
    if not method:
        yield here, "a rule of protocol json-rpc needs a method"
    elif method != "*" and _WILD.search(method):
        yield (*here, "method"), "protocol json-rpc takes a method name or '*', no pattern"
    yield from _no_path(rule, here)


def _no_path(rule: dict[str, Any], here: Location) -> Found:
    if rule.get("path") or rule.get("query"):
        yield here, "rules of this protocol name methods, not path or query"


def _mcp(rule: dict[str, Any], here: Location, options: dict[str, Any], *, gateway: bool) -> Found:
    method, params = rule.get("method", ""), rule.get("params", {})
    if _WILD.search(method) and not method.startswith("tools/"):
        yield (*here, "method"), "only methods below tools/ may be patterns"
    if not method and options.get("allow_all_known_mcp_methods") is not True:
        yield here, "a rule needs a method unless mcp.allow_all_known_mcp_methods is true"
    if method and names_tool(rule) and method != "tools/call":
        yield (*here, "method"), f"a rule that names a tool is about tools/call, not '{method}'"
    if rule.get("tool") is not None and "name" in params and not gateway:
        yield here, "tool and params.name say the same thing: use one"
    for key in params:
        if key != "name":
            yield (*here, "params", key), "arguments of a tool cannot be matched"
    yield from _names(rule, here, strict=options.get("strict_tool_names") is not False, gateway=gateway)
    yield from _no_path(rule, here)


def _names(rule: dict[str, Any], here: Location, *, strict: bool, gateway: bool) -> Found:
    places = {(*here, "tool"): rule.get("tool"), (*here, "params", "name"): rule.get("params", {}).get("name")}
    for place, matcher in places.items():
        if matcher is None:
            continue
        if isinstance(matcher, dict) and set(matcher) != {"any"}:
            yield place, "arguments of a tool cannot be matched"
            continue
        patterns = matcher["any"] if isinstance(matcher, dict) else [matcher]
        if not patterns or (gateway and patterns == [""] and isinstance(matcher, str)):
            yield place, "a pattern must not be empty"
        if not strict and any(_WILD.search(p) for p in patterns):
            yield place, "patterns of tool names need mcp.strict_tool_names"
