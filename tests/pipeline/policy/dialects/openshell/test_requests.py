"""What OpenShell refuses about requests; each verdict is that of its own code, asked once."""

from __future__ import annotations

import pytest

from tests.pipeline.policy.dialects.openshell_judge import endpoint, problems


def on(fields, host="host: a.b.c, port: 1, "):
    return endpoint(host + fields)


def rule(protocol, text, more=""):
    return on(f"protocol: {protocol}, rules: [{{allow: {{{text}}}}}]{more}")


TAKEN = [
    on("protocol: tcp"),
    on("protocol: REST, access: full"),
    on("protocol: rest, access: unheard-of"),
    on("protocol: rest, rules: [{allow: {method: GET, path: /x}}], deny_rules: [{method: GET}]"),
    on("access: full, rules: []"),
    on("protocol: sql, access: full, enforcement: audit"),
    on("protocol: rest, access: full, enforcement: whatever, tls: whatever"),
    rule("graphql", "operation_type: query, fields: [a]"),
    on("protocol: graphql, access: read-only, graphql_persisted_queries: {h: {operation_type: query, fields: [a]}}"),
    on("protocol: mcp, mcp: {allow_all_known_mcp_methods: true}"),
]
REFUSED = {
    on("protocol: https, access: full"): "unknown protocol",
    on("protocol: rest"): "needs rules or access",
    on("protocol: rest, access: full, rules: [{allow: {method: GET}}]"): "exclude each other",
    rule("rest", ""): "the rules allow nothing",
    on("access: full, deny_rules: [{method: GET}]"): "need a protocol",
    on("protocol: tcp, access: full"): "protocol tcp knows no 'access'",
    on("protocol: tcp, credential_binding: {provider: p}"): "knows no 'credential_binding'",
    on("protocol: rest, access: full, path: x"): "must begin with '/'",
    on("protocol: rest, access: full, persisted_queries: x"): "unknown value 'x'",
    on("protocol: sql, access: full, enforcement: enforce"): "can only be audited",
    on("protocol: rest, access: full, mcp: {strict_tool_names: true}"): "for protocol mcp",
    rule("graphql", "operation_type: '*'"): "operation_type must be one of",
    rule("graphql", "operation_type: query, fields: ['']"): "must not be empty",
    on("protocol: graphql, access: full, graphql_persisted_queries: {h: {operation_type: query}}"): "empty list",
    rule("rest", "method: GET, query: {a: {any: []}}"): "must not be empty",
    rule("websocket", "operation_type: query"): "must not name method",
    on("protocol: mcp, mcp: {}"): "needs rules unless",
}
AS_WRITTEN = {
    "host: a.b.c, port: 1, access: full, rules: []": "an empty list",
    "host: a.b.c, port: 1, protocol: rest, access: full, deny_rules: []": "an empty list",
    "host: a.b.c, port: 1, graphql_max_body_bytes: 0": "above 0",
    "host: a.b.c, protocol: mcp, mcp: {allow_all_known_mcp_methods: true}": "needs a port",
}
"""Only a file without version is read as it is written."""


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(text):
    assert problems(text) == []


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_refused(text, said):
    assert any(said in message for _, _, message in problems(text)), problems(text)


@pytest.mark.parametrize(("fields", "said"), AS_WRITTEN.items())
def test_what_only_the_file_mode_refuses(fields, said):
    text = endpoint(fields).removeprefix("version: 1\n")
    assert said in problems(text)[0][2]


def test_graphql_over_websocket_loads_in_file_mode_only():
    text = rule("websocket", "operation_type: query")
    assert problems(text)
    assert problems(text.removeprefix("version: 1\n")) == []
    mixed = rule("websocket", "operation_type: query, path: /x").removeprefix("version: 1\n")
    assert "must not name method" in problems(mixed)[0][2]
