"""Patterns of gobwas/glob, from below and from above, against a plain matcher of its own rules."""

from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.dialects.agentsh.globs import PatternError, domain_patterns, path_patterns, pieces, with_tops


@pytest.mark.parametrize(
    ("pattern", "lower", "upper"),
    [
        ("/usr/**", ["/usr/*/**"], ["/usr/*/**"]),
        ("**", ["**"], ["**"]),
        ("/**", ["/**"], ["/**"]),
        ("**/.env", ["**/.env"], ["**/.env"]),
        ("**/secrets/**", ["**/secrets/*/**"], ["**/secrets/*/**"]),
        ("**.pem", ["/**.pem"], ["/**.pem"]),
        ("*/x", ["/x"], ["/x"]),
        ("*.env", [], []),
        (r"C:\Windows\**", [], []),
        ("/a[a-c]", ["/a[abc]"], ["/a[abc]"]),
        ("/a[!b]c", [], ["/a**c"]),
        ("/{a,b/**}/c", ["/a/c", "/b/*/**/c"], ["/a/c", "/b/*/**/c"]),
        ("/x}y", [r"/x\}y"], [r"/x\}y"]),
        (r"/a\*", [r"/a\*"], [r"/a\*"]),
        ("/a/", [], []),
    ],
)
def test_paths(pattern, lower, upper):
    found = path_patterns(pattern)
    assert (list(found.lower), list(found.upper)) == (lower, upper)


@pytest.mark.parametrize("pattern", ["/a[", "/a[]", "/a[b-a]", "/a[a-", "/a[b-cd]"])
def test_what_gobwas_refuses(pattern):
    with pytest.raises(PatternError):
        pieces(pattern)


def test_folders_for_the_kernel():
    assert with_tops(["/x/*/**", "/y", "/*/**/z"]) == ("/x/**", "/y", "/*/**/z")


@pytest.mark.parametrize(
    ("pattern", "lower", "upper"),
    [
        ("a.Example.com", ["a.example.com"], ["a.example.com"]),
        ("*.example.com", [], ["*.example.com"]),
        ("**.example.com", ["*.example.com"], ["*.example.com"]),
        ("*", [], ["*"]),
        ("**", ["*"], ["*"]),
        ("{a,b}.com", ["a.com", "b.com"], ["a.com", "b.com"]),
        ("api.*.com", [], ["*.com"]),
    ],
)
def test_domains(pattern, lower, upper):
    found = domain_patterns(pattern)
    assert (list(found.lower), list(found.upper)) == (lower, upper)


def plain(pattern, sep="/"):
    """The pattern as a Python expression, by gobwas' manual."""
    made, i = "", 0
    while i < len(pattern):
        if pattern.startswith("**", i):
            made, i = made + "(?s:.*)", i + 2
            continue
        c = pattern[i]
        if c == "[":
            end = pattern.index("]", i)
            made, i = made + "[" + pattern[i + 1 : end].replace("!", "^") + "]", end + 1
            continue
        made += {"*": f"[^{sep}]*", "?": f"[^{sep}]", "{": "(?:", "}": ")", ",": "|"}.get(c, re.escape(c))
        i += 1
    return re.compile(made)


patterns = st.lists(
    st.sampled_from(["/", "a", "b", "*", "**", "?", "[ab]", "[!a]", "{a,b}", "{a/b,/**}", "/a", "/b/", "."]),
    min_size=1,
    max_size=6,
).map("".join)
paths = st.lists(st.sampled_from(["a", "b", "ab", ".a"]), max_size=4).map(lambda parts: "/" + "/".join(parts))


def lictor(texts, path):
    return any(re2.fullmatch(g.regex, path) for t in texts for g in globs.parse(t))


@settings(max_examples=250, deadline=None)
@given(patterns, st.lists(paths, min_size=1, max_size=8))
def test_lower_matches_nothing_else_and_upper_misses_nothing(pattern, names):
    found = path_patterns(pattern)
    for name in names:
        truth = bool(plain(pattern).fullmatch(name))
        assert not lictor(found.lower, name) or truth
        assert lictor(found.upper, name) or not truth
        if found.exact:
            assert lictor(found.lower, name) == truth
