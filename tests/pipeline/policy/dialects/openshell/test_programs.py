"""Binaries as patterns of programs."""

from __future__ import annotations

import re

import pytest

from pipeline.policy import globs
from pipeline.policy.dialects.openshell.programs import EVERY, program


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/usr/bin/git", "/usr/bin/git"),
        ("/opt/a[1]", "/opt/a\\[1\\]"),
        ("/**", EVERY),
        ("**", EVERY),
        ("/opt/*/x", "/opt/*/x"),
        ("/opt/**", "/opt/**/*"),
        ("**/node", "**/node"),
        ("/a/py**", "/a/py*"),
        ("/a/x,*", "/a/x\\,*"),
    ],
)
def test_patterns(path, pattern):
    assert program(path) == pattern
    globs.check(pattern)


@pytest.mark.parametrize(
    "path", ["", "git", "/usr//bin/git", "/a/../b", "/a/", "bin/*", "/a/{b,c}*", "/a/[b]*", "/a/./*", "/" + "x" * 3000]
)
def test_what_matches_nothing_or_is_not_certain(path):
    assert program(path) is None


@pytest.mark.parametrize("path", ["/opt/**", "/opt/**/x", "/opt/*", "/opt/a*b"])
def test_no_program_more_than_by_components(path):
    regex = re.escape(path).replace(r"/\*\*/", "(?:/.*)?/").replace(r"\*\*", ".+").replace(r"\*", "[^/]*")
    for exe in ("/opt", "/opt/x", "/opt/a/x", "/opt/ab", "/opt/a/b", "/optx", "/opt/azb"):
        ours = any(re.fullmatch(g.regex, exe) for g in globs.parse(program(path)))
        assert not ours or re.fullmatch(regex, exe), exe
