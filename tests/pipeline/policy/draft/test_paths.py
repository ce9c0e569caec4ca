"""Which words are files, and whether the patterns made of them match what is meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.draft.paths import bare_paths, glob_of, is_path


def matches(pattern, path):
    filled = globs.fill(pattern, {"workspace": "/w", "HOME": "/h"}.__getitem__)
    return any(re.fullmatch(g.regex, path) for g in globs.parse(filled))


@pytest.mark.parametrize(
    "text",
    [
        "src/gen/",
        "package-lock.json",
        ".env",
        "node_modules",
        "*.gen.ts",
        "~/.aws/config",
        "src/app/[slug]/page.tsx",
        "docs/api",
    ],
)
def test_files_and_folders(text):
    assert is_path(text)


@pytest.mark.parametrize(
    "text", ["React.memo", "any", "@scope/name", "foo()", "https://x.org/a.md", "a.b", "console.log", "--fix", "and/or"]
)
def test_code_is_no_file(text):
    assert not is_path(text)


@pytest.mark.parametrize(
    ("text", "path", "wanted"),
    [
        ("src/gen/", "/w/src/gen/a/b.ts", True),
        ("src/gen/", "/w/src/generic.ts", False),
        ("package-lock.json", "/w/web/package-lock.json", True),
        ("node_modules", "/w/a/node_modules/x/y.js", True),
        (".env", "/w/.env", True),
        (".env", "/w/.env.example", False),
        ("src/app/[slug]/page.tsx", "/w/src/app/[slug]/page.tsx", True),
        ("src/app/[slug]/page.tsx", "/w/src/app/s/page.tsx", False),
        ("~/.aws/config", "/h/.aws/config", True),
        ("*.gen.ts", "/w/src/a.gen.ts", True),
    ],
)
def test_patterns(text, path, wanted):
    assert matches(glob_of(text), path) is wanted


def test_what_could_have_no_pattern():
    assert glob_of("../x") is None
    assert glob_of("*") is None


def test_files_in_plain_prose():
    assert bare_paths("edit package-lock.json, src/api/ or node_modules but not `b.json` and not this.") == [
        "package-lock.json",
        "src/api/",
        "node_modules",
    ]


@given(st.text(max_size=60))
def test_a_pattern_is_always_one_that_the_language_takes(text):
    found = glob_of(text)
    if found is not None:
        globs.check(found)
