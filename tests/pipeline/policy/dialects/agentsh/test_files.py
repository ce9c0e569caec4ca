"""File rules of agentsh as rules of Lictor."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.agentsh.files import WATCHED, covers, operations, patterns, translate


def rule(decision, paths, *listed):
    return {"paths": paths, "operations": list(listed), "decision": decision}


def shown(made):
    return [(w.index, w.action, w.match.get("path"), (w.unless or {}).get("path"), s) for w, s in made.rules]


def test_operations():
    assert operations({}) is None
    assert operations({"operations": ["*", "read"]}) is None
    assert operations({"operations": ["READ"]}) == {"read"}
    assert covers({"operations": ["Read"]}, "read")
    assert {"stat", "list", "chown"}.isdisjoint(WATCHED)


def test_patterns_of_a_root_of_git():
    found = patterns({"paths": ["${GIT_ROOT}/a", "/b"]})
    assert (found.lower, found.upper) == (("${workspace}/a", "/b"), ("${GIT_ROOT}/a", "/b"))


def test_without_rules_reading_is_allowed_and_all_else_denied():
    made = translate([])
    assert made.rules == []
    assert made.defaults == {"file.write": "deny", "file.delete": "deny", "file.chmod": "deny"}


def test_a_rule_for_all_operations_is_one_rule():
    made = translate([rule("allow", ["/a"], "*")])
    assert shown(made) == [
        (0, "allow", ["/a"], None, ("file.open", "file.read", "file.write", "file.delete", "file.chmod"))
    ]


def test_what_only_a_further_operation_denies_is_a_rule_of_its_own():
    made = translate([rule("allow", ["/a"], "write", "open", "read"), rule("deny", ["**"], "*")])
    assert made.defaults["file.read"] == "deny"
    rest = [(w.match, w.unless, s) for w, s in made.rules if w.index == 1]
    assert rest == [({}, None, ("file.create", "file.rename", "file.link", "file.symlink", "file.mkdir"))]


def test_a_rename_may_be_allowed_where_writing_is_not():
    made = translate([rule("allow", ["/a"], "rename")])
    assert (0, "allow", ["/a"], None, ("file.rename",)) in shown(made)


def test_reading_needs_open_as_well():
    made = translate([rule("allow", ["/a"], "read"), rule("deny", ["/**"], "*")])
    assert any(w.action == "deny" and w.match == {} and "file.read" in s for w, s in made.rules)


@pytest.mark.parametrize(("decision", "action"), [("approve", "ask"), ("soft_delete", "deny"), ("what", "deny")])
def test_decisions(decision, action):
    made = translate([rule(decision, ["/a"], "delete", "rmdir")])
    assert shown(made) == [(0, action, ["/a"], None, ("file.delete",))]
