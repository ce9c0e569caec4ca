"""Host patterns; what matches follows the cases by which OpenShell compares its own two matchers."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.openshell import hosts

CASES = [
    ("api.example.com", "API.EXAMPLE.COM", True),
    ("api.example.com", "api.example.org", False),
    ("*.example.com", "api.example.com", True),
    ("*.example.com", "example.com", False),
    ("*.example.com", "x.api.example.com", False),
    ("*-api.example.com", "my-api.example.com", True),
    ("*-api.example.com", "api.example.com", False),
    ("*.a?i.example.com", "x.abi.example.com", True),
    ("**.example.com", "example.com", False),
    ("**.example.com", "x.api.example.com", True),
    ("api.**.com", "api.com", False),
    ("api.**.com", "api.x.y.com", True),
    ("*", "example.com", False),
    ("x[!a-c].org", "xd.org", True),
    ("x[!a-c].org", "xb.org", False),
    ("a.org", "a..org", False),
]


@pytest.mark.parametrize(("pattern", "host", "expected"), CASES)
def test_matching(pattern, host, expected):
    assert hosts.matches(pattern, host) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("*.b.c", "a.b.c", True),
        ("*.b.c", "b.c", False),
        ("**.c", "a.b.c", True),
        ("**.c", "a.b.d", False),
        ("a*.c", "*b.c", True),
        ("a*.c", "b.c", False),
        ("**.b", "a.**", True),
        ("x.y", "X.Y", True),
    ],
)
def test_overlap(left, right, expected):
    assert hosts.patterns_overlap(left, right) == expected
    assert hosts.patterns_overlap(right, left) == expected


def test_exclusions_count_where_they_surely_cover():
    assert not hosts.selector_may_match(["*.b.c"], ["x.b.c"], "x.b.c")
    assert hosts.selector_may_match(["*.b.c"], ["x.b.c"], "*.b.c")
    assert not hosts.selector_may_match(["*.b.c"], ["*.B.c"], "a*.b.c")
    assert not hosts.selector_may_match(["*.b.c"], ["**"], "*.b.c")


@pytest.mark.parametrize("pattern", ["", "a b", "{a}.b", "a..b", "a**.b", "a[.b"])
def test_what_is_no_pattern(pattern):
    assert hosts.pattern_problem(pattern)


@pytest.mark.parametrize("pattern", ["a.b", "**.a", "a*.b?.[c-d]"])
def test_what_is_a_pattern(pattern):
    assert hosts.pattern_problem(pattern) is None


@pytest.mark.parametrize("host", ["*", "**", "*.com", "**.com", "a**.b.c", "a.**.c", "x.a*.c", "a*.com"])
def test_wildcards_that_are_refused(host):
    assert hosts.wildcard_problem(host)


@pytest.mark.parametrize("host", ["*.b.c", "**.b.c", "a-*.b.c", "a.*.c", "**.*.c", "plain"])
def test_wildcards_that_are_taken(host):
    assert hosts.wildcard_problem(host) is None


@pytest.mark.parametrize(
    ("host", "fine"),
    [("a.b", True), ("*.a.b", True), ("a.b.", False), (" a", False), ("[::1]", False), (f"{'a' * 64}.b", False)],
)
def test_names_for_protocol_tcp(host, fine):
    assert (hosts.tcp_host_problem(host) is None) == fine


def test_literals_and_globs():
    assert hosts.is_literal("a.b")
    assert not hosts.is_literal("a?.b")
    assert hosts.glob_regex("a**") is None
    assert hosts.glob_regex("a*").fullmatch("a/b")
    assert hosts.labels_overlap("a*", "ab")
    assert not hosts.labels_overlap("a*", "b")
