"""Paths of an MXC file as rules: order, paths without a place, sockets."""

from __future__ import annotations

import json

import pytest

from pipeline.policy.dialects.mxc.config import read_config
from pipeline.policy.dialects.mxc.paths import entries, path_items, quoted, socket_item
from pipeline.policy.globs import parse


def items(**lists):
    config = read_config(json.dumps({"process": {"commandLine": "ls"}, "filesystem": lists}), "x")
    return path_items(config, entries(config))


def test_a_path_and_everything_below_it():
    (item,) = items(readwritePaths=["/a//b/./"])
    assert item.outcome == "exact"
    assert item.pointer == "/filesystem/readwritePaths/0"
    assert item.safe[0]["match"] == {"path": ["/a/b/**"]}
    assert item.safe[0]["action"] == "allow"


def test_the_strictest_of_equal_paths_counts():
    rw, ro, no = items(readwritePaths=["/a"], readonlyPaths=["/a/"], deniedPaths=["//a"])
    assert not rw.safe
    assert not ro.safe
    assert no.safe[0]["action"] == "deny"
    assert "deniedPaths" in rw.why


def test_deeper_entries_are_left_to_their_own_rules():
    _, ro, no = items(readwritePaths=["/a/b/c"], readonlyPaths=["/a/b"], deniedPaths=["/a"])
    assert no.safe[0]["unless"] == {"path": ["/a/b/c/**", "/a/b/**"]}
    assert [rule["action"] for rule in ro.safe] == ["allow"]


def test_what_is_readonly_within_readwrite_is_not_written():
    _, ro = items(readwritePaths=["/a"], readonlyPaths=["/a/b"])
    assert [rule["action"] for rule in ro.safe] == ["allow", "deny"]
    assert "file.read" not in ro.safe[1]["on"]


@pytest.mark.parametrize("text", ["C:\\x", "c:/x", "\\\\server\\share", "%TEMP%\\x"])
def test_a_windows_path_is_none_here(text):
    for name in ("readwritePaths", "deniedPaths"):
        (item,) = items(**{name: [text]})
        assert item.outcome == "unsupported"
        assert not item.safe


@pytest.mark.parametrize("text", ["src", "./src", "~/src", "/a/../src", "../src"])
def test_a_path_without_a_place_opens_nothing_and_denies_all_it_could_mean(text):
    (item,) = items(readonlyPaths=[text])
    assert (item.outcome, item.safe) == ("unsupported", ())
    (item,) = items(deniedPaths=[text])
    assert item.outcome == "narrower"
    assert item.safe[0]["match"]["path"][0].endswith("src/**")
    assert item.safe[0]["match"]["path"][0].startswith("**/")


def test_a_deny_that_could_be_anywhere_is_everywhere():
    (item,) = items(deniedPaths=["/a/.."])
    assert item.safe[0]["match"] == {"path": ["/**"]}


def test_characters_of_patterns_are_plain_ones():
    text = "/a*b/[c]/{d,e}/f?"
    (item,) = items(readonlyPaths=[text])
    (glob,) = parse(item.safe[0]["match"]["path"][0])
    assert (glob.kind, glob.literal) == ("subtree", text)
    assert parse(quoted(text))[0].literal == text


def test_sockets_are_reached_by_the_listed_paths():
    config = read_config(
        json.dumps(
            {"process": {"commandLine": "ls"}, "filesystem": {"readonlyPaths": ["/r"], "readwritePaths": ["/w"]}}
        ),
        "x",
    )
    reach, make = socket_item(entries(config)).safe
    assert reach["unless"] == {"path": ["/w/**", "/r/**"]}
    assert make["unless"] == {"path": ["/w/**"]}
