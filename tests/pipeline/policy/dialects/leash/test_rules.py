"""One statement as an item: outcome, rules, and what Leash loads of it."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.leash.cedar import parse
from pipeline.policy.dialects.leash.rules import translate


def made(text):
    (statement,) = parse(text, "p")
    return translate(statement, "policy0")


def test_an_exact_permit():
    found = made(
        '@reason("tools") permit (principal == User::"x", action == Action::"ProcessExec", resource == File::"/bin/ls");'
    )
    assert found.item.outcome == "exact"
    assert found.item.safe == (
        {
            "id": "policy0-exec",
            "on": ["exec"],
            "match": {"exe": ["/bin/ls"]},
            "action": "allow",
            "because": "tools",
            "origin": "line 1",
        },
    )
    assert found.loaded == {"exec": 1}


def test_actions_become_operations():
    (rule,) = made('permit (principal, action in [Action::"FileOpenReadOnly", Action::"fileopenreadwrite"], resource in Dir::"/x");').item.safe  # fmt: skip
    assert (rule["on"], rule["match"]) == (["file.read", "file.write"], {"path": ["/x/**"]})


@pytest.mark.parametrize(
    ("text", "outcome", "why"),
    [
        ('permit (principal, action == Action::"FileOpenReadWrite", resource in Dir::"/x");', "narrower", "as both"),
        ('permit (principal, action == Action::"FileOpen", resource);', "narrower", "names no resource"),
        ('permit (principal, action, resource in Dir::"/x");', "narrower", "without an action"),
        ('permit (principal, action == Action::"McpCall", resource == MCP::Tool::"t");', "setting", "MCP"),
        ('permit (principal, action == Action::"HttpRewrite", resource == Host::"h") when { context.header == "a" && context.value == "b" };', "setting", "headers"),
        ('permit (principal, action == Action::"FileOpen", resource == Host::"h");', "unsupported", "could act on"),
        ('permit (principal, action == Action::"Fly", resource == Host::"h");', "unsupported", "no such action"),
        ('permit (principal, action in [Action::"Fly", Action::"FileOpen"], resource == File::"/x");', "narrower", "left out: fly"),
        ('permit (principal, action == Action::"FileOpen", resource) when { resource in [File::"/x"] || resource in [File::"/y"] };', "wider", "does not load"),
        ('forbid (principal, action == Action::"McpCall", resource == MCP::Tool::"t");', "unsupported", "MCP tool"),
        ('forbid (principal, action == Action::"ProcessExec", resource) when { context.tty == true };', "narrower", "differently"),
        ('forbid (principal, action == Action::"FileOpen", resource in Dir::"/x");', "narrower", "denied as either"),
        ('forbid (principal, action == Action::"NetworkConnect", resource == Host::"h");', "exact", ""),
        ('forbid (principal, action == Action::"HttpRewrite", resource == Host::"h");', "setting", "headers"),
    ],
)  # fmt: skip
def test_outcomes(text, outcome, why):
    item = made(text).item
    assert item.outcome == outcome
    assert why in item.why
    assert bool(item.why) == (outcome != "exact")


def test_a_forbid_with_a_condition_nobody_can_check_denies_without_it():
    (rule,) = made('forbid (principal, action == Action::"ProcessExec", resource) when { context.tty == true };').item.safe  # fmt: skip
    assert "match" not in rule
    assert rule["action"] == "deny"


def test_an_unless_is_left_out_until_accepted():
    item = made('forbid (principal, action == Action::"ProcessExec", resource) unless { resource in [ Dir::"/usr/bin" ] };').item  # fmt: skip
    assert item.outcome == "wider"
    (safe,), (accepted,) = item.safe, item.accepted
    assert "unless" not in safe
    assert accepted["unless"] == {"exe": ["/usr/bin/**"]}


def test_a_forbid_without_an_action_denies_all_kinds():
    item = made('forbid (principal, action, resource in Dir::"/x");').item
    assert [r["on"] for r in item.safe] == [["file.open", "file.read", "file.write"], ["exec"]]


def test_mcp_servers_are_cut_off():
    found = made('forbid (principal, action == Action::"McpCall", resource) when { resource in [ MCP::Server::"https://M.example.com:8/x" ] };')  # fmt: skip
    (rule,) = found.item.safe
    assert (rule["on"], rule["match"], rule["action"]) == (["network"], {"domain": ["m.example.com"]}, "deny")
    assert found.loaded == {"connect": 1}
