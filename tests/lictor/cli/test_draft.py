"""``policy draft`` on a file of its own: what is written, and that it stops nothing."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.load import load_policy

TEXT = """# House rules

- Never run `git push --force`.
- Write in a friendly tone.
- Do not edit files under `vendor/`.
"""


@pytest.fixture
def rules(tmp_path):
    file = tmp_path / "AGENTS.md"
    file.write_text(TEXT)
    return file


def test_rules_stand_in_audit_mode_with_their_sentence(lictor, rules):
    ended = lictor("policy", "draft", rules)
    policy = load_policy(ended.out, "draft")
    assert ended.status == 0
    assert policy.mode == "audit"
    assert {rule.mode for rule in policy.rules} == {"audit"}
    origins = [rule.origin for rule in policy.rules]
    assert any("line 3" in o and "git push --force" in o for o in origins)
    assert any("line 5" in o and "vendor/" in o for o in origins)
    assert not any("friendly" in o for o in origins)
    assert ended.out.startswith("# Proposed, not in force")


def test_the_report_as_json(lictor, rules, tmp_path):
    ended = lictor("policy", "draft", "--report", "json", "-o", tmp_path / "d.yaml", rules)
    assert [row["line"] for row in json.loads(ended.out) if row["what"] == "proposed"] == [3, 5]
    assert lictor("policy", "check", tmp_path / "d.yaml").status == 0


def test_a_file_that_is_not_there(lictor, tmp_path):
    assert lictor("policy", "draft", tmp_path / "none").status == 2
