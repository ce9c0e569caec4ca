"""Overlap of patterns, against a search through short texts."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy.dialects.openshell.languages import hosts_overlap, paths_overlap, specificity

TEXTS = ["".join(t) for n in range(6) for t in product("ab.", repeat=n)]


def regex(pattern):
    parts = re.findall(r"\*+|.", pattern)
    return "".join("[^.]*" if p == "*" else ".*" if p[0] == "*" else re.escape(p) for p in parts)


@settings(max_examples=300, deadline=None)
@given(st.text("ab.*", min_size=1, max_size=4), st.text("ab.*", min_size=1, max_size=4))
def test_hosts(left, right):
    both = [t for t in TEXTS if re.fullmatch(regex(left), t) and re.fullmatch(regex(right), t)]
    assert hosts_overlap(left, right) == bool(both)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("", "/x", True), ("/**", "/x", True), ("/x", "/y", False), ("/x/*", "/x/y/z", True), ("/[ab]", "/a", True),
        ("/[!ab]", "/a", False), ("/a**b", "/z", True), ("/**/y", "/x/y", True), ("/?", "/a", True), ("/?", "/", False),
        ("/[", "/z", True), ("/a/**/b", "/a/b", True),
    ],
)  # fmt: skip
def test_paths(left, right, expected):
    assert paths_overlap(left, right) == expected
    assert paths_overlap(right, left) == expected


def test_no_host_is_any_and_case_does_not_count():
    assert hosts_overlap("", "a")
    assert hosts_overlap("A.b", "a.B")


def test_the_path_with_more_letters_is_the_special_one():
    assert specificity("/a/**") == 3
    assert specificity("**") == 0
