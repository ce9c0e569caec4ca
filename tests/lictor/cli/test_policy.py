"""The policy commands: places of errors, where rules are enforced, tests in the file."""

import json

import pytest


@pytest.fixture
def good(session):
    return session / "policy.yaml"


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("lictor: 1\nname: bad\ncolour: red\nrules:\n  - { id: a, on: file.eat, action: deny }\n")
    return path


def test_a_valid_policy_is_told_rule_by_rule(lictor, good):
    ended = lictor("policy", "check", good)
    assert (ended.status, ended.err) == (0, "")
    assert all(rule in ended.out for rule in ("workspace", "keys", "looked", "default:net.connect"))
    rows = json.loads(lictor("policy", "check", good, "--format", "json").out)
    assert {r["rule"]: r["action"] for r in rows}["keys"] == "deny"


def test_every_problem_is_a_line_with_its_place(lictor, bad):
    for command in ("check", "test"):
        ended = lictor("policy", command, bad)
        assert ended.status == 2
        problems = [line for line in ended.err.splitlines() if line.startswith(str(bad))]
        assert [line.removeprefix(f"{bad}:").split(":")[0] for line in problems] == ["3", "5"]


def test_a_broken_file_among_good_ones_still_ends_with_2(lictor, good, bad):
    ended = lictor("policy", "check", good, bad)
    assert ended.status == 2
    assert "keys" in ended.out


def test_a_file_that_is_not_there(lictor, tmp_path):
    ended = lictor("policy", "check", tmp_path / "none.yaml")
    assert (ended.status, ended.out, len(ended.err.splitlines())) == (2, "", 1)


def test_tests_pass_or_fail_with_their_place(lictor, good):
    passed = lictor("policy", "test", good)
    assert passed.status == 0
    assert "2 of 2 tests passed" in passed.err
    good.write_text(good.read_text().replace("expect: allow, rule: workspace", "expect: deny"))
    failed = lictor("policy", "test", good)
    assert failed.status == 1
    assert f"FAIL  {good}:10:" in failed.out
    assert [r["passed"] for r in json.loads(lictor("policy", "test", good, "--format", "json").out)] == [True, False]


def test_no_tests_are_said_not_passed_over(lictor, good):
    good.write_text(good.read_text().split("tests:")[0])
    ended = lictor("policy", "test", good)
    assert ended.status == 0
    assert "no tests" in ended.err
