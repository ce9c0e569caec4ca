"""Rules about JSON-RPC methods and MCP tools; each verdict is that of OpenShell's own code, asked once."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.tools import method_covers_tools, names_tool
from tests.pipeline.policy.dialects.openshell_judge import endpoint, problems


def rules(protocol, *texts, more=""):
    allowed = ", ".join(f"{{allow: {{{text}}}}}" for text in texts)
    return endpoint(f"host: a.b.c, port: 1, protocol: {protocol}, rules: [{allowed}]{more}")


PROFILE = ", mcp: {allow_all_known_mcp_methods: true}"
TAKEN = [
    rules("json-rpc", "method: initialize", "method: '*'"),
    rules("mcp", "method: tools/call, tool: 'read_*'", "method: tools/list"),
    rules("mcp", "method: tools/call, params: {name: {any: [a, b]}}"),
    rules("mcp", "tool: a", more=PROFILE),
    rules("mcp", "", more=PROFILE),
]
REFUSED = {
    rules("json-rpc", "path: /x"): "needs a method",
    rules("json-rpc", "method: 'a*'"): "no pattern",
    rules("json-rpc", "method: a, params: {x: y}"): "params are for protocol mcp",
    rules("rest", "method: GET, tool: a"): "tools are for protocol mcp",
    rules("mcp", "method: '*'"): "only methods below tools/",
    rules("mcp", "tool: a"): "needs a method unless",
    rules("mcp", "method: tools/list, tool: a"): "is about tools/call",
    rules("mcp", "method: tools/call, params: {name: a, path: b}"): "arguments of a tool",
    rules("mcp", "method: tools/call, params: {name: {x: y}}"): "arguments of a tool",
    rules("mcp", "method: tools/call, path: /x"): "name methods",
    rules("mcp", "method: tools/call, tool: a", "method: tools/call"): "covers every tool call",
    rules("mcp", "method: tools/call, tool: 'a*'", more=", mcp: {strict_tool_names: false}"): "strict_tool_names",
}


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(text):
    assert problems(text) == []


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_what_is_refused(text, said):
    assert any(said in message for _, _, message in problems(text)), problems(text)


@pytest.mark.parametrize(
    ("method", "covers"),
    [("tools/call", True), ("*", True), ("tools/*", True), ("tools/list", False), ("", False), ("[", False)],
)
def test_methods_that_cover_tool_calls(method, covers):
    assert method_covers_tools(method) == covers


def test_a_tool_is_named_either_way():
    assert names_tool({"tool": "a"})
    assert names_tool({"params": {"name": "a"}})
    assert not names_tool({"method": "tools/call"})
