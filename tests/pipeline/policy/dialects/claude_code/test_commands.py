"""Rules about commands; the examples of Claude Code's manual say what a pattern matches."""

from __future__ import annotations

import pytest
import re2

from pipeline.policy.dialects.claude_code.commands import allowed, patterns, restricted
from pipeline.policy.texts import text_regex


@pytest.mark.parametrize(
    ("content", "matched", "missed"),
    [
        ("npm run build", ["npm run build"], ["npm run build x", "npm run"]),
        ("npm run *", ["npm run build", "npm run a b", "npm run"], ["npm runner", "npx npm run a"]),
        ("ls *", ["ls -la", "ls"], ["lsof"]),
        ("ls*", ["ls", "lsof", "ls -la"], ["l"]),
        ("git * main", ["git checkout main"], ["git main", "git checkout mainx"]),
        ("npm run test:*", ["npm run test", "npm run test a"], ["npm run testing"]),
        ("a*:*", ["a*", "a* b"], ["ab", "ab c"]),
        ("what? *", ["what? x"], ["whats x"]),
        ("a\\*b", ["a*b"], ["axb"]),
    ],
)
def test_patterns(content, matched, missed):
    regexes = [re2.compile(text_regex(p)) for p in patterns(content)]
    assert [c for c in matched if not any(r.fullmatch(c) for r in regexes)] == []
    assert [c for c in missed if any(r.fullmatch(c) for r in regexes)] == []


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        ("curl *", "narrower"), (None, "wider"), ("cd *", "unsupported"), ("eval:*", "unsupported"), ("a | b", "wider"),
        ("curl * > x", "wider"), ("a\0", "setting"), (" ", "narrower"),
    ],
)  # fmt: skip
def test_denies(content, outcome):
    found = restricted(content, "deny")
    assert found[0] == outcome
    assert found[3]
    assert bool(found[1]) == (outcome in ("narrower", "wider"))


@pytest.mark.parametrize(
    ("content", "outcome", "rules"),
    [
        ("git status", "narrower", 1), (None, "exact", 1), ("* install", "narrower", 0), ("./x", "narrower", 0),
        ("timeout 5 x", "narrower", 0), ("A=1 x", "narrower", 0), ("a && b", "narrower", 0), ("npm*", "narrower", 0),
    ],
)  # fmt: skip
def test_allows(content, outcome, rules):
    found = allowed(content)
    assert (found[0], len(found[1])) == (outcome, rules)


def test_an_allow_names_the_program_too():
    (rule,) = allowed("git push:*")[1]
    assert rule["match"] == {
        "argv": ["git push", "git push *"],
        "path": "/{usr/bin,usr/sbin,usr/local/bin,usr/local/sbin,bin,sbin,opt/homebrew/bin}/git",
    }
