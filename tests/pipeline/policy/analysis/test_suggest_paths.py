from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.policy import globs
from pipeline.policy.analysis.suggest_facts import EVERY_LABEL, SeenRun
from pipeline.policy.analysis.suggest_paths import Sensitive, example_of, folders_with, parts_of, text_of

RUN = SeenRun("r", "/home/ann/shop", "/home/ann")


def pattern(path, run=RUN):
    parts = parts_of(path, run)
    return None if parts is None else text_of(parts)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/ann/shop/a/1234", "${workspace}/a/1234"), ("/home/ann/shop", "${workspace}"), ("/home/ann/shopping", "~/shopping"),
        ("/home/ann", "~"), ("/", "/"), ("relative", None), ("", None), ("/a//b/../c/", "/a/c"),
        ("/proc/4711/oom_score_adj", "/proc/*/oom_score_adj"), ("/dev/pts/3", "/dev/pts/*"), ("/dev/null", "/dev/null"),
        ("/tmp/pip-req-8fj2k1a9/x", "/tmp/pip-req-8fj2k1a9/x"), ("/tmp/tmpab3x9_/x", "/tmp/tmp*/x"), ("/tmp/tmpfiles", "/tmp/tmpfiles"),
        ("/home/ann/.cache/go/3f2a9c81d4e5/b", "~/.cache/go/*/b"), ("/opt/node/v20.11.1/bin", "/opt/node/*/bin"),
        ("/opt/app-1.2.3/x", "/opt/app-*/x"), ("/home/ann/.x/s.tmp.4711.1790000000000", "~/.x/s.tmp.*.*"),
        ("/var/lib/x/0f8fad5b-d9cb-469f-a165-70867728950e", "/var/lib/x/*"), ("/home/ann/2024", "~/2024"), ("/1234/x", "/1234/x"),
        ("/opt/mktemp.Xy12Zq", "/opt/mktemp.*"), ("/opt/facade/x", "/opt/facade/x"), ("/opt/deadbeef/x", "/opt/deadbeef/x"),
        ("/opt/a[1]{b}*", "/opt/a\\[1\\]\\{b\\}\\*"), ("/usr/lib/python3.11/x", "/usr/lib/python3.11/x"),
    ],
)  # fmt: skip
def test_patterns(path, expected):
    assert pattern(path) == expected


@pytest.mark.parametrize("workspace", ["/home/ann", "/home", "/"])
def test_a_workspace_that_holds_the_home_is_no_workspace(workspace):
    assert pattern("/home/ann/x", SeenRun("r", workspace, "/home/ann")) == "~/x"


@given(st.lists(st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1), min_size=1))
def test_the_pattern_of_a_path_matches_it(components):
    path = "/" + "/".join(components)
    text = pattern(path)
    values = {"workspace": RUN.workspace, "HOME": RUN.home}
    plain = "/" + "/".join(c for c in pattern_free(path))
    assert any(re2.fullmatch(g.regex, plain) for g in globs.parse(globs.fill(text, values.__getitem__)))


def pattern_free(path):
    """Components without ``.`` and ``..``, by a second reading."""
    kept = []
    for c in path.split("/")[1:]:
        if c == "..":
            kept[-1:] = []
        elif c not in ("", "."):
            kept.append(c)
    return kept


def test_examples_are_written_as_tests_write_them():
    assert [example_of(p, RUN) for p in ("/home/ann/shop/x", "/home/ann/x", "/x", "/x${HOME}", "/x\n", "/" + "x" * 1000)] == [
        "${workspace}/x", "~/x", "/x", None, None, None,
    ]  # fmt: skip


def test_labels_are_found_in_the_context_of_the_run():
    sensitive = Sensitive(EVERY_LABEL)
    other = SeenRun("o", "/srv/x", "/home/bob")
    assert sensitive.label("/home/ann/.aws/credentials", RUN) == "credential"
    assert sensitive.label("/home/ann/.aws/credentials", other) is None
    assert sensitive.label("/srv/x/.mcp.json", other) == "agent-config"
    assert sensitive.label("/home/bob/.bashrc", other) == "persistence"


def test_folders_with_something_sensitive():
    folders = folders_with(EVERY_LABEL)
    assert {
        ("~", ".config"),
        ("~", ".ssh"),
        ("", "etc"),
        ("~",),
        ("",),
        ("", "var", "lib"),
        ("${workspace}",),
    } <= folders
    assert not {("~", ".cache"), ("", "tmp"), ("", "opt", "app")} & folders
