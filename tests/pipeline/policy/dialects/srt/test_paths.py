"""Where path entries point; the standard library's joining of paths is the second reading."""

from __future__ import annotations

import os.path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.dialects.srt.paths import HOME, ROOT, WORKSPACE, Nowhere, Spot, resolve

VALUES = {ROOT: "", HOME: "/home/u", WORKSPACE: "/home/u/w"}


def absolute(spot):
    return VALUES[spot.anchor] + spot.path or "/"


@given(
    st.lists(st.sampled_from(["a", "b", ".", "", "x{y}", "c d"]), max_size=4), st.sampled_from(["/", "~/", "", "./"])
)
def test_names_are_where_the_standard_library_puts_them(parts, start):
    text = start + "/".join(parts)
    if not text:
        return
    spot = resolve(text)
    expected = os.path.normpath(os.path.join("/home/u/w", text.replace("~", "/home/u", 1)))
    assert absolute(spot) == expected.replace("//", "/")
    filled = globs.fill(spot.exact, {"workspace": "/home/u/w", "HOME": "/home/u"}.__getitem__)
    assert globs.parse(filled)[0].literal == absolute(spot)


@pytest.mark.parametrize(
    ("entry", "exact", "tree"),
    [
        ("~", "~", "~/**"),
        (".", "${workspace}", "${workspace}/**"),
        ("/", "/", "/**"),
        ("/**", "/", "/**"),
        ("src/**", "${workspace}/src", "${workspace}/src/**"),
        ("a/../b", "${workspace}/b", "${workspace}/b/**"),
        ("**/.env", "${workspace}/**/.env", "${workspace}/**/.env/**"),
        ({"path": "/a*", "literal": True}, "/a\\*", "/a\\*/**"),
        ("~x", "${workspace}/~x", "${workspace}/~x/**"),
        ("$HOME/{a}", "${workspace}/$HOME/\\{a\\}", "${workspace}/$HOME/\\{a\\}/**"),
    ],
)
def test_patterns(entry, exact, tree):
    spot = resolve(entry)
    assert (spot.exact, spot.tree[0]) == (exact, tree)
    globs.check(tree)


@pytest.mark.parametrize("entry", ["..", "../x", "a/../../b", "/a/../b", "~/../x", "a\0b", "x" * 4000, "\ud800"])
def test_what_cannot_be_told_is_nowhere(entry):
    found = resolve(entry)
    assert isinstance(found, Nowhere)
    assert found.why


def test_the_text_alone_leads_somewhere():
    assert resolve("/a/../b").folded == Spot(ROOT, "/b")
    assert resolve("..").folded is None


def test_a_pattern_that_is_too_much_is_replaced_by_its_folder():
    spot = resolve("/a/" + "x**/" * 12 + "y")
    assert spot.tree == ("/a/**", False)
    assert spot.exact == ""


def test_ancestors():
    assert resolve("a/b/c").ancestors == ["${workspace}", "${workspace}/a", "${workspace}/a/b"]
    assert resolve("/a/*/c").ancestors == ["/a"]
    assert resolve("~").ancestors == resolve("/").ancestors == []


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        ("/a", "/a/b", True), ("/a", "/a", True), ("/a", "/ab", False), ("/home", ".", True), ("/home/u", ".", False),
        ("~", ".", True), ("~/x", ".", False), (".", "/a", False), ("**/k", "a/k/b", True), ("**/k", "a/b", False),
    ],
)  # fmt: skip
def test_what_covers_what(one, other, covers):
    assert resolve(one).covers(resolve(other)) is covers


def test_dead_patterns_and_what_is_below():
    assert Spot(ROOT, "/a/*/", glob=True).dead
    assert not resolve("/a/*").dead
    assert resolve("a/b").strictly_below(resolve("a"))
    assert not resolve("a").strictly_below(resolve("a"))
