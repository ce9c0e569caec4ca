from __future__ import annotations

import json
from dataclasses import replace

from pipeline.policy.analysis.findings import Subject
from pipeline.policy.analysis.remarks import check
from pipeline.policy.explain import explain_enforcement

DENY = {"id": "d", "on": "file.read", "match": {"path": "/a"}, "action": "deny", "because": "it is mine"}
TEST = {"event": {"on": "file.read", "path": "/a"}, "expect": "deny", "rule": "d"}


def told(world, *rules, tests=(), **head):
    policy = world.load(json.dumps({"lictor": 1, "name": "p", "rules": list(rules), "tests": list(tests), **head}))
    return [(f.kind, f.rule, f.text) for f in check(Subject(policy, world.context))]


def test_a_policy_that_says_and_tests_everything_gets_no_remark(world):
    assert told(world, DENY, tests=[TEST]) == []


def test_missing_tests_are_told_for_the_file_or_for_the_rule(world):
    assert [(kind, rule) for kind, rule, _ in told(world, DENY)] == [("no-tests", None)]
    other = DENY | {"id": "e"}
    assert [(kind, rule) for kind, rule, _ in told(world, DENY, other, tests=[TEST])] == [("no-tests", "e")]


def test_an_empty_policy_needs_no_tests(world):
    assert told(world) == []


def test_a_stop_without_a_reason_is_told_and_an_allow_is_not(world):
    bare = {k: v for k, v in DENY.items() if k != "because"}
    assert [kind for kind, _, _ in told(world, bare, tests=[TEST])] == ["no-because"]
    assert told(world, bare | {"action": "allow"}, tests=[TEST | {"expect": "allow"}]) == []


def test_a_stop_that_comes_late_is_told_as_explain_tells_it(world):
    late = DENY | {"match": {"path": "/a/*.c"}}
    ((kind, rule, text),) = told(world, late, tests=[TEST | {"expect": "allow"} | {"rule": "d"}])
    assert (kind, rule) == ("after-the-fact", "d")
    policy = world.load(json.dumps({"lictor": 1, "name": "p", "rules": [late]}))
    (way,) = explain_enforcement(replace(Subject(policy, world.context).program, mode="enforce"))
    assert way.reason in text


def test_a_question_that_comes_late_is_told_too(world):
    late = DENY | {"match": {"path": "/a/*.c"}, "action": "ask"}
    ((kind, rule, text),) = told(world, late, tests=[TEST | {"expect": "allow"}])
    assert (kind, rule) == ("after-the-fact", "d")
    assert "file.read: the run is frozen after the fact, until that is decided" in text


def test_a_default_that_comes_late_has_its_own_place(world):
    found = told(world, DENY, tests=[TEST], defaults={"file.delete": "deny"})
    assert [(kind, rule) for kind, rule, _ in found] == [("after-the-fact", "default:file.delete")]
