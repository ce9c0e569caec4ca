"""Patterns as entries of srt; srt's own compiler says what an entry matches."""

from __future__ import annotations

import posixpath

import pytest
import re2

from pipeline.policy import globs
from pipeline.policy.dialects.srt.export_paths import Entry, entries
from tests.pipeline.policy.dialects.srt_judge import ask


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/x/**", [Entry("/x", tree=True)]),
        ("/x", [Entry("/x")]),
        ("/**", [Entry("/", tree=True)]),
        ("~/.ssh/**", [Entry("~/.ssh", tree=True)]),
        ("${HOME}/x", [Entry("~/x")]),
        ("${workspace}/**", [Entry(".", tree=True)]),
        ("${workspace}/a b", [Entry("./a b")]),
        ("**/.env", [Entry("**/.env", glob=True, anywhere=True)]),
        ("/a/*.pem", [Entry("/a/*.pem", glob=True)]),
        ("/a/*/**", [Entry("/a/*", tree=True, glob=True)]),
        ("/{a,b}/x", [Entry("/a/x"), Entry("/b/x")]),
        ("/a\\*", [Entry({"path": "/a*", "literal": True})]),
        ("/a/\\*\\*", [Entry({"path": "/a/**", "literal": True})]),
        ("/a[!b]", [Entry(None)]),
        ("/a**/b", [Entry(None)]),
        ("${TMPDIR}/**", [Entry(None)]),
        ("/x${HOME}", [Entry(None)]),
        ("/*\\?", [Entry(None)]),
    ],
)
def test_entries(pattern, found):
    assert entries(pattern) == found


NAMES = ["/a", "/a/b", "/a/b.pem", "/a/b/c.pem", "/a/x/c", "/a/q?", "/ab"]


@pytest.mark.parametrize("pattern", ["/a/*.pem", "/a/**/*.pem", "/a/[b-x]/c", "/a/?", "/a/*/c", "/**/c"])
def test_a_pattern_matches_in_srt_what_it_matches_here(pattern):
    (entry,) = entries(pattern)
    (theirs,) = ask([("glob", [posixpath.normpath(entry.path), NAMES])])
    (ours,) = globs.parse(pattern)
    assert theirs == [bool(re2.fullmatch(ours.regex, name)) for name in NAMES]
