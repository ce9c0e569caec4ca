"""What stands in the way of listing a folder or a host."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell.cuts import WORKSPACE, cut_of_host, cut_of_path, cuts, is_below, is_exact
from pipeline.policy.load import load_policy

NONE = frozenset()
ALL = ("file.read", "exec", "file.write", "file.delete")


def policy(rule):
    return load_policy(f"lictor: 1\nname: t\nrules:\n  - {rule}\n", "t")


def touched(rule, tree, selectors=ALL):
    return cut_of_path(cuts(policy(rule), NONE), tree, selectors) is not None


def on(match, operation="file.read", action="deny", more=""):
    return f"{{id: r, on: {operation}, match: {match}, action: {action}{more}}}"


@pytest.mark.parametrize(
    ("match", "tree", "expected"),
    [
        ("{path: /a/b}", "/a", True),
        ("{path: /a/b/**}", "/a/b/c", True),
        ("{path: /a/b}", "/a/b/c", False),
        ("{path: /ab/**}", "/a", False),
        ("{path: '**/x'}", "/a", True),
        ("{path: '/b/*/x'}", "/a", False),
        ("{path: '/a/*/x'}", "/a/b", True),
        ("{path: ~/x}", "/a", True),
        ("{path: /z, exe: /bin/sh}", "/a", False),
        ("{label: credential}", "/a", True),
        ("{}", "/a", True),
        ("{path: /a}", WORKSPACE, True),
    ],
)
def test_rules_and_folders(match, tree, expected):
    assert touched(on(match), tree) == expected


def test_what_stops_nothing_cuts_nothing():
    assert not touched(on("{}", action="audit"), "/a")
    assert not touched(on("{}", more=", mode: audit"), "/a")
    assert not touched(on("{}", operation="file.chmod"), "/a")
    assert touched(on("{}", operation="file.mkdir"), "/a")
    assert not touched(on("{}", operation="file.mkdir"), "/a", ("file.read", "exec"))
    assert not cuts(policy(on("{}")), frozenset(["r"]))


def test_programs_are_told_by_their_file():
    assert touched(on("{exe: /a/x}", "exec"), "/a")
    assert not touched(on("{exe: /b/x}", "exec"), "/a")
    assert touched(on("{argv: '*-f*'}", "exec"), "/a")


def test_a_listed_path_itself_may_be_protected():
    itself = "[file.create, file.rename, file.mkdir, file.delete]"
    assert not touched(on("{path: /a}", itself), "/a")
    assert touched(on("{path: /a/b}", itself), "/a")
    assert touched(on("{path: /a}", "file.write"), "/a")
    assert not touched(on("{path: '${workspace}'}", itself), WORKSPACE)
    assert touched(on("{path: '${workspace}'}", itself), "/a")


def test_a_sequence_stops_its_last_event():
    steps = "[{on: file.read, match: {path: /a}}, {on: file.delete, match: {path: /b/x}}]"
    rule = f"{{id: r, sequence: {steps}, within: 60s, action: kill}}"
    assert not touched(rule, "/a")
    assert touched(rule, "/b")


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{}", True),
        ("{port: 80}", False),
        ("{port: '1-500'}", True),
        ("{ip: 10.0.0.0/8}", True),
        ("{ip: 11.0.0.0/8}", False),
        ("{ip: 'fc00::/7'}", False),
        ("{protocol: udp}", False),
        ("{domain: x.org}", True),
        ("{path: /run/x.sock}", False),
    ],
)
def test_rules_and_hosts(match, expected):
    allowed = policy("{id: a, on: net.connect, match: {ip: 10.1.0.0/16, port: 443}, action: allow}").rules[0].match
    found = cut_of_host(cuts(policy(on(match, "network")), NONE), allowed)
    assert (found is not None) == expected


def test_small_questions():
    assert is_below("/a/b", "/a")
    assert is_below("/a", "/")
    assert not is_below("/ab", "/a")
    assert is_exact("/a")
    assert not any(map(is_exact, ("/a/**", "**/a", "~/a", "/a*")))
