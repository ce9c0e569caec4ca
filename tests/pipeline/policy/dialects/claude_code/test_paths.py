"""Anchors of paths; the examples of Claude Code's manual, and ``git check-ignore`` for gitignore's patterns."""

from __future__ import annotations

import random
import subprocess

import pytest
import re2

from pipeline.policy import globs
from pipeline.policy.dialects.claude_code.paths import USER_ROOT, Anchors, rule_pattern, sandbox_spot
from pipeline.policy.dialects.srt.paths import Nowhere

PROJECT, USER = Anchors(), Anchors(USER_ROOT)


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        ("//Users/alice/secrets/**", "/Users/alice/secrets/**"),
        ("~/Documents/*.pdf", "~/Documents/*.pdf/**"),
        ("/src/**/*.ts", "${workspace}/src/**/*.ts/**"),
        ("*.env", "${workspace}/**/*.env/**"),
        ("./.env", "${workspace}/.env/**"),
        (".env", "${workspace}/**/.env/**"),
        ("src/a", "${workspace}/src/a/**"),
        ("//**/.env", "/**/.env/**"),
        ("/", "${workspace}/**"),
        ("~", "~/**"),
        ("a/", "${workspace}/**/a/**"),
        ("a{b}", "${workspace}/**/a\\{b\\}/**"),
        ("x/[!a]b", "${workspace}/x/[!a]b/**"),
        ("x/a**b", "${workspace}/x/a*b/**"),
        ("x/\\*", "${workspace}/x/\\*/**"),
    ],
)
def test_rules(content, pattern):
    assert rule_pattern(content, PROJECT, deny=True) == pattern
    globs.check(pattern)


@pytest.mark.parametrize("content", ["../x", "a/../../b", "~/..", "a\0", "\ud800"])
def test_what_cannot_be_told(content):
    assert isinstance(rule_pattern(content, PROJECT, deny=True), Nowhere)


@pytest.mark.parametrize(
    ("filename", "root"),
    [
        ("/home/u/.claude/settings.json", USER_ROOT), ("~/.claude/settings.json", USER_ROOT),
        ("/home/u/p/.claude/settings.json", "${workspace}"), ("/home/u/.claude/settings.local.json", "${workspace}"),
        ("/etc/claude-code/managed-settings.json", "${workspace}"), ("settings.json", "${workspace}"),
    ],
)  # fmt: skip
def test_whose_settings_these_are(filename, root):
    assert Anchors.of(filename).root == root


def test_one_slash_belongs_to_the_settings():
    assert rule_pattern("/x", USER, deny=True) == "~/.claude/x/**"
    assert rule_pattern("x/y", USER, deny=True) == "${workspace}/x/y/**"


@pytest.mark.parametrize(
    ("entry", "anchors", "exact"),
    [
        ("/x", PROJECT, "/x"), ("//x", PROJECT, "/x"), ("~/x", USER, "~/x"), ("x", PROJECT, "${workspace}/x"),
        ("./x", USER, "~/.claude/x"), ("x", USER, "~/.claude/x"),
    ],
)  # fmt: skip
def test_entries_of_the_sandbox(entry, anchors, exact):
    assert sandbox_spot(entry, anchors).exact == exact


def test_patterns_deny_what_git_ignores(tmp_path):
    """gitignore is git's own; what it matches is denied here too."""
    rnd = random.Random(3)
    parts = ["a", "b", "*", "**", "?", "[ab]", "[!a]", "\\*", ".x"]
    names = ["a", "b", ".x", "ab", "a/b", "a/b/c", "b/a", "c/.x/d", "*", "a/*"]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for _ in range(60):
        text = "/".join("".join(rnd.choice(parts) for _ in range(rnd.randint(1, 2))) for _ in range(rnd.randint(1, 3)))
        (tmp_path / ".gitignore").write_text(text + "\n")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin", "-z"],
            input="\0".join(names), capture_output=True, text=True, check=False,
        )  # fmt: skip
        made = rule_pattern(text, PROJECT, deny=True)
        regexes = [re2.compile(g.regex) for g in globs.parse(made.replace("${workspace}", "/w"))]
        ours = {n for n in names if any(r.fullmatch(f"/w/{n}") for r in regexes)}
        assert set(done.stdout.split("\0")) - {""} <= ours, (text, made)
