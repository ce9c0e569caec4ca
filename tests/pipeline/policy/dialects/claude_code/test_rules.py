"""Rules as text: which of them Claude Code skips. The table is what ``claude doctor`` 2.1.332 said."""

from __future__ import annotations

import json
import re

import pytest

from pipeline.policy.dialects.claude_code.rules import PermissionRule, parse
from tests.pipeline.policy.dialects.agents_judge import doctor

SKIPPED = [
    "bash(x)", "foo", "Read(", "Bash(a", "Bash a)", " Bash(x) ", "Bash(ls *) ", "", "Bash()", "Bash(:*)", "Read(~/x:*)",
    "Read(a:*)", "mcp__a__b(c)", "WebFetch(example.com)", "WebFetch(domain:http://x)", "WebFetch(https://x.y/*)",
]  # fmt: skip
SKIPPED_ALLOWS = ["*", "mcp__*"]
TAKEN = [
    "Bash", "Bash(*)", "Bash(npm:* x)", "Bash(a*:*)", "Bash(a(b)c)", "Bash(a)b)", "Bash(timeout:5)", "Read(*)", "Read(~)",
    "Read( )", "Read(!x)", "Read(a, b)", "Edit(/)", "Write(src/**)", "Glob(x)", "NotebookEdit(x)", "Foo(x)", "Foo",
    "WebFetch(domain:)", "WebFetch(domain:*.x.com)", "WebSearch(x)", "mcp__x", "mcp__a__*", "Agent(x)", "Skill(x *)",
]  # fmt: skip


@pytest.mark.parametrize("action", ["allow", "ask", "deny"])
def test_what_is_skipped_and_what_is_taken(action):
    skipped = SKIPPED + (SKIPPED_ALLOWS if action == "allow" else [])
    taken = TAKEN + ([] if action == "allow" else SKIPPED_ALLOWS)
    assert [v for v in skipped if not isinstance(parse(v, action), str)] == []
    assert [v for v in taken if isinstance(parse(v, action), str)] == []
    assert isinstance(parse(1, action), str)


@pytest.mark.parametrize("action", ["allow", "deny"])
def test_claude_code_says_the_same(action, tmp_path):
    values = SKIPPED + SKIPPED_ALLOWS + TAKEN
    lines = doctor(json.dumps({"permissions": {action: values}}), tmp_path)
    said = {found[1] for line in lines if (found := re.search(r'permission rule "(.*?)" was skipped', line))}
    assert said == {v for v in values if isinstance(parse(v, action), str)}


def test_the_whole_tool():
    assert parse("Bash(*)", "deny") == parse("Bash", "deny") == PermissionRule("Bash", None)
    assert parse("Read(a(b).c)", "deny") == PermissionRule("Read", "a(b).c")
