"""Path patterns against a matcher of another kind: recursion over characters instead of regular expressions."""

from __future__ import annotations

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.policy.globs import GlobError, check, fill, parse


def matches(pattern, path):
    return any(re2.fullmatch(g.regex, path) for g in parse(pattern))


def walk(pattern, path):
    """Whether ``path`` matches, character by character; sets and braces are left to other tests."""
    if pattern == "":
        return path == ""
    if pattern and not pattern.replace("/**", ""):  # one or several
        return path == "" or path.startswith("/")
    if pattern.startswith("/**/"):
        return path.startswith("/") and any(walk(pattern[3:], path[i:]) for i in range(len(path)) if path[i] == "/")
    if pattern.startswith("**"):
        return any(walk(pattern.lstrip("*"), path[i:]) for i in range(len(path) + 1))
    if pattern[0] == "*":
        return any(walk(pattern[1:], path[i:]) for i in range(len(path) + 1) if "/" not in path[:i])
    return (
        bool(path) and (pattern[0] == path[0] or (pattern[0] == "?" and path[0] != "/")) and walk(pattern[1:], path[1:])
    )


words = st.sampled_from(["a", "b", "ab", "a.b", "ü", "a\n", "*", "?", "a*", "**", "a?b"])
absolute = st.lists(words, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
paths = st.lists(st.sampled_from(["a", "b", "ab", "a.b", "aüb", "a\n", "abab"]), max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)


@settings(max_examples=400)
@given(absolute, paths)
@example("/a/**", "/a")
@example("/a/**/b", "/a/b")
@example("/**/**", "/")
@example("/a/**/**", "/a")
def test_agrees_with_a_walk_over_characters(pattern, path):
    assert matches(pattern, path) == walk(pattern, path)


@given(st.text(min_size=1, max_size=8).filter(lambda t: t not in (".", "..") and "/" not in t), st.text(max_size=8))
def test_a_variables_value_is_literal(value, other):
    pattern = fill("/x/${V}/y", lambda _: value)
    assert [g.kind for g in parse(pattern)] == ["exact"]
    assert matches(pattern, f"/x/{value}/y")
    assert matches(pattern, f"/x/{other}/y") == (other == value)


@pytest.mark.parametrize(
    ("pattern", "kind", "literal"),
    [
        ("/tmp/x/secret", "exact", "/tmp/x/secret"),
        ("/tmp/x/**", "subtree", "/tmp/x"),
        ("/**", "subtree", "/"),
        ("**", "subtree", "/"),
        ("**/.env", "name", ".env"),
        ("**/.ssh/**", "name_subtree", ".ssh"),
        ("/tmp//x", "exact", "/tmp/x"),
        (r"/a\*b", "exact", "/a*b"),
        ("/etc/*.conf", "pattern", ""),
        ("**/a/b", "pattern", ""),
        ("/a/**/b", "pattern", ""),
        ("**/a?", "pattern", ""),
    ],
)
def test_what_a_pattern_amounts_to(pattern, kind, literal):
    (found,) = parse(pattern)
    assert (found.kind, found.literal) == (kind, literal)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/x/**", ["/x", "/x/a", "/x/a/b"], ["/xa", "/"]),
        ("**/.env", ["/.env", "/a/b/.env", ".env"], ["/a.env", "/.env/x", "/.environment"]),
        ("**/.ssh/**", ["/h/.ssh", "/h/.ssh/id", "/.ssh/a/b"], ["/h/.sshx"]),
        ("/[a-c]x", ["/ax", "/cx"], ["/dx", "/x", "//x"]),
        ("/a[!b]c", ["/axc"], ["/abc", "/a/c"]),
        ("/a[+-9]c", ["/a.c", "/a0c", "/a+c"], ["/a/c"]),
        ("/[]x]", ["/]", "/x"], ["/["]),
        ("/[!]]", ["/a"], ["/]"]),
        ("/{a,b*}/c", ["/a/c", "/bb/c"], ["/c/c"]),
        ("/a", ["/a"], ["/a\n", "/A"]),
    ],
)
def test_patterns(pattern, yes, no):
    assert [p for p in yes if not matches(pattern, p)] == []
    assert [p for p in no if matches(pattern, p)] == []


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("x/y", "must begin with"),
        ("", "must begin with"),
        ("/a/", "must not end in '/'"),
        ("/a/../b", "'..'"),
        ("/a/[x", "'[' is not closed"),
        ("/a/[[:alpha:]]", "plain characters"),
        ("/a/[z-a]", "upside down"),
        ("/a\\", "backslash"),
        ("/{a,b", "'{' is not closed"),
        ("{/a,b}", "must begin with"),
        ("/" + "a" * 5000, "characters"),
        ("/${HOME/x", "not closed"),
        ("/${1x}", "is no variable"),
    ],
)
def test_refusals(pattern, said):
    with pytest.raises(GlobError) as caught:
        check(pattern)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "pattern",
    ["~", "~/.ssh/**", "${workspace}", "${workspace}/{a,b}/**", "{${HOME},/x}/y", "/run/user/${UID}/bus", "**/${NAME}"],
)
def test_variables_stand_where_a_path_may(pattern):
    check(pattern)


@given(st.text("/ab*?[]!{},\\.~$-^", max_size=12))
def test_any_text_parses_or_is_refused(text):
    try:
        found = parse(text)
    except GlobError:
        return
    for glob in found:
        re2.compile(glob.regex)


def test_home_is_filled_in_at_the_beginning_only():
    assert fill("~/a~", lambda name: f"/{name}") == "/HOME/a~"
    assert fill("~user/a", lambda name: f"/{name}") == "~user/a"


@pytest.mark.parametrize(
    ("path", "fits"),
    [("C:/Users/a/.ssh/id", True), ("c:/USERS/A/.SSH/id", True), ("C:/Users/a/b/.ssh/id", False), ("D:/Users/a/.ssh/id", False), ("/C:/Users/a/.ssh/id", False)],
)  # fmt: skip
def test_a_drive_is_compared_as_windows_does(path, fits):
    assert matches("C:/Users/*/.ssh/**", path) == fits
    assert {g.kind for g in parse("C:/Windows/x.exe")} == {"pattern"}  # nothing that a kernel of ours could look up


@pytest.mark.parametrize("text", ["C:", "CC:/a", "C/a", "users/a"])
def test_what_only_looks_like_a_drive_is_refused(text):
    with pytest.raises(GlobError, match="must begin"):
        parse(text)
