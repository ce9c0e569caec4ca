"""Which folders an export lists."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.cuts import WORKSPACE, cuts
from pipeline.policy.dialects.openshell.export_files import READ, WRITE, listing, trees_of
from pipeline.policy.load import load_policy

NONE = frozenset()
CLOSED = "{file.read: deny, file.write: deny, file.delete: deny, exec: deny}"


def listed(*rules, defaults=CLOSED, accepted=NONE):
    text = f"lictor: 1\nname: t\ndefaults: {defaults}\nrules: [{', '.join(rules)}]\n"
    policy = load_policy(text, "t")
    return listing(policy, cuts(policy, accepted), accepted)


def allow(on, path, more="", name="a"):
    return f"{{id: {name}, on: {on}, match: {{path: '{path}'}}, action: allow{more}}}"


EVERYTHING = "[file.read, exec, file.write, file.delete]"


def test_two_levels():
    found = listed(allow("[file.read, exec]", "/a/**"), allow(EVERYTHING, "/b/**", name="b"))
    assert (found.read_only, found.read_write) == (["/a"], ["/b"])
    assert (found.level("/a/x"), found.level("/b"), found.level("/c")) == (READ, WRITE, ())


def test_several_rules_may_allow_it_together():
    parts = ["file.read", "exec", "file.write", "file.delete"]
    found = listed(*(allow(on, "/a/**", name=f"r{i}") for i, on in enumerate(parts)))
    assert found.read_write == ["/a"]


def test_a_folder_where_less_is_allowed_is_not_listed():
    found = listed(allow("file.read", "/a/**"))
    assert (found.read_only, found.reasons) == ([], {"/a": "OpenShell would also allow exec below /a"} | found.reasons)
    assert listed(allow("[file.read, file.write]", "/a/**")).read_only == []


def test_the_working_folder_is_listed_to_write_or_not_at_all():
    assert listed(allow(EVERYTHING, "${workspace}/**")).read_write == [WORKSPACE]
    assert listed(allow("[file.read, exec]", "${workspace}/**")).read_only == []


def test_what_no_default_stops_is_the_whole_tree_to_read():
    assert listed(defaults="{}").read_only == ["/"]
    assert listed(defaults="{}").read_write == []
    assert listed(defaults="{exec: deny}").read_only == []
    assert listed("{id: d, on: exec, match: {path: '**/x'}, action: deny}", defaults="{}").lost == {"d": ["/"]}


@pytest.mark.parametrize(
    ("pattern", "trees"),
    [
        ("/a/**", ["/a"]),
        ("/a", []),
        ("/a/*", []),
        ("**/a", []),
        ("~/a/**", []),
        ("/{a,b}/**", []),
        ("/a\\*/**", ["/a*"]),
    ],
)
def test_only_folders_can_be_listed(pattern, trees):
    rule = load_policy(f"lictor: 1\nname: t\nrules: [{allow('file.read', pattern)}]\n", "t").rules[0]
    assert list(trees_of(rule, NONE)) == trees


@pytest.mark.parametrize("more", [", unless: {exe: /x}", ", expires: 2099-01-01", ", unless: {path: /a/b}"])
def test_conditions_have_no_place(more):
    assert listed(allow("[file.read, exec]", "/a/**", more)).read_only == []


def test_what_was_accepted_counts():
    assert listed(allow("[file.read, exec]", "/a"), accepted=frozenset(["a"])).read_only == ["/a"]
    more = ", expires: 2099-01-01"
    assert listed(allow("[file.read, exec]", "/a/**", more), accepted=frozenset(["a"])).read_only == ["/a"]


def test_at_most_256_paths():
    found = listed(*(allow("[file.read, exec]", f"/p{i}/**", name=f"r{i}") for i in range(257)))
    assert len(found.read_only) == 256
    assert "256" in found.reasons["/p256"]
