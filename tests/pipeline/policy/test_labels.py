"""The built-in labels by example, and where a rule names labels."""

from __future__ import annotations

import pytest

from pipeline.policy import globs
from pipeline.policy.context import RunContext, resolver
from pipeline.policy.labels import BUILT_IN, names_in
from pipeline.policy.load import load_policy
from pipeline.policy.matchers import PatternSet
from pipeline.policy.model import Rule

CONTEXT = RunContext("/w", "/home/u", {}, "u", "h", "a")
EXAMPLES = {
    "credential": ["/home/u/.ssh/id_ed25519", "/home/u/.aws/credentials", "/etc/shadow", "/home/u/.kube/config", "/home/u/.netrc"],
    "persistence": ["/home/u/.bashrc", "/etc/cron.d/x", "/home/u/.ssh/authorized_keys", "/home/u/.config/autostart/x.desktop"],
    "agent-config": ["/home/u/.claude/settings.json", "/w/.claude/settings.local.json", "/w/.mcp.json"],
    "guard": ["/etc/lictor/policy.yaml", "/etc/sudoers", "/sys/fs/bpf/x", "/sys/kernel/tracing/tracing_on"],
    "browser-data": ["/home/u/.mozilla/firefox/p/cookies.sqlite", "/home/u/.config/google-chrome/Default/Cookies"],
}  # fmt: skip
WORK = [
    "/home/u/.ssh/known_hosts", "/home/u/.ssh/id_ed25519.pub", "/w/src/main.py", "/w/.git/config", "/usr/bin/git", "/tmp/x", "/etc/hosts",
    "/home/u/.cache/pip/x", "/home/u/.claude/projects/x.jsonl", "/etc/ssl/certs/ca-certificates.crt", "/proc/self/status", "/w/CLAUDE.md",
]  # fmt: skip
"""What an agent opens every day."""


def labels_of(path):
    lookup = resolver(CONTEXT)
    found = {
        name: PatternSet(g.regex for text in patterns for g in globs.parse(globs.fill(text, lookup)))
        for name, patterns in BUILT_IN.items()
    }
    return {name for name, patterns in found.items() if patterns.match(path)}


def test_the_labels_are_those_of_the_language():
    assert set(BUILT_IN) == set(EXAMPLES)


@pytest.mark.parametrize(("name", "path"), [(n, p) for n, paths in EXAMPLES.items() for p in paths])
def test_what_a_label_holds(name, path):
    assert name in labels_of(path)


@pytest.mark.parametrize("path", WORK)
def test_daily_work_has_no_label(path):
    assert labels_of(path) == set()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_pattern_is_one_that_a_policy_could_have_written(name):
    lines = "".join(f"  - {pattern!r}\n" for pattern in BUILT_IN[name])
    policy = load_policy(f"lictor: 1\nname: p\nlabels:\n  own:\n{lines.replace('  -', '    -')}", "p.yaml")
    assert policy.labels["own"] == BUILT_IN[name]
    assert len(set(BUILT_IN[name])) == len(BUILT_IN[name])


def test_where_a_rule_names_labels():
    policy = load_policy(
        "lictor: 1\nname: p\nlabels: { a: /a, b: /b, c: /c, d: /d }\nrules:\n"
        "- { id: one, on: file.read, match: { label: [a, b], taint: c }, unless: { label: d }, action: deny }\n"
        "- id: two\n  sequence: [{ on: file.read, match: { label: a } }, { on: exec, match: { taint: c }, unless: { label: b } }]\n"
        "  within: 1s\n  action: deny\n",
        "p",
    )
    one, two = policy.rules
    assert list(names_in(one)) == [
        (("match", "label", 0), "a"), (("match", "label", 1), "b"), (("match", "taint", 0), "c"), (("unless", "label", 0), "d"),
    ]  # fmt: skip
    assert list(names_in(two)) == [
        (("sequence", 0, "match", "label", 0), "a"),
        (("sequence", 1, "match", "taint", 0), "c"),
        (("sequence", 1, "unless", "label", 0), "b"),
    ]


def test_a_rule_without_labels_names_none():
    assert list(names_in(Rule(id="r", on=("exec",), action="deny"))) == []
