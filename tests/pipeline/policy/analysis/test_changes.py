from __future__ import annotations

import pytest

from pipeline.policy.analysis.changes import Book, Edit, changed, document, only
from pipeline.policy.load import load_policy
from pipeline.policy.source import read_tree
from pipeline.policy.text import to_yaml

BASE = """
lictor: 1
name: base
rules:
  - { id: fixed, on: exec, match: { path: /a }, action: deny, locked: true }
  - { id: loose, on: exec, match: { path: /b }, action: deny }
"""
TOP = """
lictor: 1
name: top
include: base.yaml
rules:
  - { id: own, on: exec, match: { path: /c }, action: deny, locked: true }
"""


@pytest.fixture
def policy():
    return load_policy(TOP, "top.yaml", lambda _name, _from: (BASE, "base.yaml"))


def test_a_book_knows_where_a_rule_stands_and_who_may_change_it(policy):
    book = Book(policy)
    assert book.raw("own")["match"] == {"path": "/c"}
    assert [book.included(r) for r in ("fixed", "loose", "own")] == [True, True, False]
    assert [book.changeable(r) for r in ("fixed", "loose", "own")] == [False, True, True]
    assert book.free_id("own") == "own-2"
    assert book.free_id("new") == "new"


def test_a_rule_that_was_edited_is_no_longer_what_its_text_says(policy):
    edits = [Edit("top", "replace", "own"), Edit("other", "replace", "loose"), Edit("top", "default", "loose")]
    book = Book(policy, edits)
    assert book.raw("own") is None
    assert not book.changeable("own")
    assert book.changeable("loose"), "neither another policy's rule nor a default is this rule"


def test_a_copy_may_be_changed(policy):
    book = Book(policy)
    book.raw("own")["match"]["path"] = "/other"
    assert book.raw("own")["match"]["path"] == "/c"


def test_rules_come_go_and_change(policy):
    raw = {"id": "new", "on": "exec", "action": "kill"}
    (made,) = changed([policy], [Edit("top", "add", "new", raw), Edit("top", "remove", "loose")])
    assert [r.id for r in made.rules] == ["fixed", "own", "new"]
    assert str(made.places["rules", 1]) == "top.yaml:6:5"
    (made,) = changed([policy], [Edit("top", "replace", "own", raw | {"id": "own"})])
    assert [r.action for r in made.rules] == ["deny", "deny", "kill"]
    (made,) = changed([policy], [Edit("top", "default", "exec", action="deny")])
    assert made.defaults == {"exec": "deny"}


def test_what_would_not_be_valid_is_no_change(policy):
    assert changed([policy], [Edit("top", "add", "x", {"id": "x", "on": "exec", "action": "explode"})]) is None


def test_other_policies_stay_as_they_are(policy):
    assert changed([policy], [Edit("else", "remove", "own")]) == [policy]


@pytest.mark.parametrize(
    ("edit", "rules"),
    [
        (Edit("top", "remove", "loose", included=True), {"fixed", "own"}),
        (Edit("top", "remove", "own"), {"fixed", "loose"}),
        (Edit("top", "replace", "loose", {"id": "loose", "on": "exec", "action": "audit"}, included=True), {"fixed", "loose", "own"}),
        (Edit("top", "add", "new", {"id": "new", "on": "exec", "action": "audit"}), {"fixed", "loose", "own", "new"}),
    ],
)  # fmt: skip
def test_the_file_after_a_change_reads_as_the_policy_after_it(policy, edit, rules):
    text = to_yaml(document(read_tree(TOP, "top.yaml").data, edit))
    read = load_policy(text, "top.yaml", lambda _name, _from: (BASE, "base.yaml"))
    (made,) = changed([policy], [edit])
    assert {r.id for r in read.rules} == rules
    assert {r.id: r for r in read.rules} == {r.id: r for r in made.rules}


def test_an_edit_shows_the_lines_to_write():
    assert Edit("p", "default", "exec", action="deny").yaml() == "defaults: {exec: deny}\n"
    assert "disable: [x]" in Edit("p", "remove", "x", included=True).yaml()
    assert Edit("p", "remove", "x").yaml().startswith("#")
    assert "- id: x" in Edit("p", "add", "x", {"id": "x", "action": "deny", "on": "exec"}).yaml()


def test_a_policy_with_some_rules_only_still_knows_where_they_stand(policy):
    made = only(policy, [0, 2])
    assert [r.id for r in made.rules] == ["fixed", "own"]
    assert [str(made.places["rules", i]) for i in (0, 1)] == ["base.yaml:5:5", "top.yaml:6:5"]
    assert Book(made).raw("own") == Book(policy).raw("own")
    assert only(policy, []).rules == ()
