"""``policy diff`` by rule, and by effect on a lake that a replay has written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[3] / "sample-traces" / "coding"
OLD = """lictor: 1
name: p
mode: audit
defaults: { network: deny }
rules:
  - { id: web, on: network, match: { port: [80, 443] }, action: allow }
"""


@pytest.fixture
def two(tmp_path):
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(OLD)
    new.write_text(
        OLD.replace("[80, 443]", "443") + '  - { id: sh, on: exec, match: { exe: "**/bash" }, action: deny }\n'
    )
    return old, new


def test_by_rule_with_an_event_that_shows_it(lictor, two):
    ended = lictor("policy", "diff", *two, "--format", "json")
    rows = {r["rule"]: r for r in json.loads(ended.out)}
    assert (rows["web"]["effect"], rows["sh"]["kind"], rows["sh"]["effect"]) == ("narrower", "added", "narrower")
    assert "port 80" in rows["web"]["example"]
    assert ended.status == 1


def test_a_policy_and_itself(lictor, two):
    ended = lictor("policy", "diff", two[0], two[0])
    assert ended.status == 0
    assert "the two policies say the same" in ended.err


def test_by_effect_on_history(lictor, two, tmp_path):
    lake = tmp_path / "lake"
    assert lictor("replay", SAMPLE, "--lake", lake).status == 0
    execs = json.loads(
        lictor(
            "sql",
            "select count(*) n from activity where operation = 'exec' and exe like '%/bash'",
            "--lake",
            lake,
            "--format",
            "json",
        ).out
    )[0]["n"]
    assert execs
    ended = lictor("policy", "diff", *two, "--history", "--lake", lake, "--format", "json")
    rows = [r for r in json.loads(ended.out) if "sh" in json.dumps(r)]
    assert sum(r["events"] for r in rows if r["new_rule"] == "sh") == execs
    assert ended.status == 1
    assert lictor("policy", "diff", two[0], two[0], "--history", "--lake", lake).status == 0
