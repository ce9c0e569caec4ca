"""What agentsh refuses beyond the shape."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.agentsh.checks import problems
from pipeline.policy.dialects.agentsh.yaml import read

HEAD = "version: 1\nname: p\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("version: 0\nname: p\n", 1, "'version'"),
        ("version: 1\n", 1, "'name' is missing"),
        (HEAD + "services: []\n", 3, "http_services"),
        (HEAD + "metadata: [{rule_name: a}]\n", 3, "'source'"),
        (HEAD + "file_rules:\n- paths: ['/a[']\n", 4, "not closed"),
        (HEAD + "unix_socket_rules:\n- paths: ['/a[]']\n", 4, "empty"),
        (HEAD + "network_rules:\n- domains: ['[b-a]']\n", 4, "upside down"),
        (HEAD + "network_rules:\n- cidrs: [10.0.0.0]\n", 4, "no network"),
        (HEAD + "network_rules:\n- cidrs: [10.0.0.0/40]\n", 4, "no network"),
        (HEAD + "command_rules:\n- args_patterns: ['*-rf']\n", 4, "no regular expression"),
        (HEAD + "signal_rules:\n- {signals: [SIGFOO], target: {type: self}}\n", 4, "unknown signal"),
        (HEAD + "signal_rules:\n- {signals: ['@none'], target: {type: self}}\n", 4, "unknown signal"),
        (HEAD + "signal_rules:\n- {signals: [9]}\n", 4, "target type"),
        (HEAD + "signal_rules:\n- {signals: [9], target: {type: pid_range, min: 5, max: 2}}\n", 4, "pid_range"),
        (HEAD + "dns_redirects: [{name: a, match: x, resolve_to: y}]\n", 3, "IP address"),
        (HEAD + "dns_redirects: [{name: a, match: '(', resolve_to: 1.1.1.1}]\n", 3, "regular expression"),
        (HEAD + "connect_redirects: [{name: a, match: x}]\n", 3, "exactly one"),
        (HEAD + "connect_redirects: [{name: a, match: x, redirect_to: b, tls: {mode: rewrite_sni}}]\n", 3, "'sni'"),
        (HEAD + "package_rules: [{match: {options: {a: 1}}}]\n", 3, "not supported"),
        (HEAD + "http_services: [{name: a, upstream: 'http://x'}]\n", 3, "https"),
        (HEAD + "http_services: [{name: a, upstream: 'https://x'}]\n", 3, "neither"),
        (HEAD + "http_services: [{name: a, upstream: 'https://x', rules: [{decision: allow}]}]\n", 3, "'paths'"),
        (HEAD + "providers: {v: {type: safe}}\n", 3, "'type'"),
        (HEAD + "env_policy: {deny: ['[']}\n", 3, "not closed"),
    ],
)
def test_refused_with_its_place(text, line, message):
    found = problems(read(text, "p"))
    assert any(p.line == line and message in p.message for p in found), found


def test_what_is_fine():
    text = HEAD + (
        "file_rules:\n- paths: ['${HOME}/{a,b', '/x}']\n"
        "network_rules:\n- cidrs: [10.0.0.1/8, '::/0']\n"
        "registry_rules:\n- paths: ['HKLM\\SOFTWARE\\*']\n"
        "signal_rules:\n- {signals: [TERM, sigkill, 9, '@JOB'], target: {type: Self}}\n"
        "command_rules:\n- {decision: nonsense, args_patterns: ['\\s+x$']}\n"
    )
    assert problems(read(text, "p")) == []
