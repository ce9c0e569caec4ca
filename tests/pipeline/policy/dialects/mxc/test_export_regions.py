"""Which folders a rule speaks of, as MXC can say it."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.mxc.export_regions import allowed, denied, lies_in, spared
from pipeline.policy.load import load_policy


def rule(text):
    policy = load_policy(f"lictor: 1\nname: p\nrules:\n- {{ id: r, on: file.read, action: allow, {text} }}", "p")
    return policy, policy.rules[0]


@pytest.mark.parametrize(
    ("text", "folders", "left", "files"),
    [
        ("match: { path: '/a/**' }", ("/a",), 0, 0),
        ("match: { path: '/{a,b}/**' }", ("/a", "/b"), 0, 0),
        ("match: { path: /a }", (), 1, 1),
        ("match: { path: '/a/*' }", (), 1, 0),
        ("match: { path: '~/a/**' }", (), 1, 0),
        ("match: { path: '${workspace}/**' }", (), 1, 0),
        ("match: { path: '/a/**', exe: /bin/cat }", (), 1, 0),
        ("match: { path: '/a/**' }, unless: { path: '/a/b/**' }", (), 1, 0),
        ("match: { path: '/a/**' }, expires: 2030-01-01", (), 1, 0),
        ("title: everything", ("/",), 0, 0),
    ],
)
def test_an_allow_counts_only_where_it_is_exactly_a_folder(text, folders, left, files):
    assert allowed(*rule(text), files_too=False) == (folders, left, files)


def test_a_file_is_a_folder_once_accepted():
    assert allowed(*rule("match: { path: /a }"), files_too=True)[0] == ("/a",)


@pytest.mark.parametrize(
    ("text", "folders", "exact"),
    [
        ("match: { path: '/a/**' }", ("/a",), True),
        ("match: { path: /a }", ("/a",), True),
        ("match: { path: '/a/b*/c' }", ("/a",), False),
        ("match: { path: '**/.env' }", ("/",), False),
        ("match: { path: '~/.ssh/**' }", ("/home", "/root"), False),
        ("match: { path: '${workspace}/x' }", ("/",), False),
        ("match: { path: '/a/**' }, unless: { exe: /bin/cat }", ("/a",), False),
        ("match: { exe: /bin/cat }", ("/",), False),
        ("title: everything", ("/",), True),
    ],
)
def test_a_deny_becomes_what_surely_holds_it(text, folders, exact):
    policy, found = rule(text)
    region = denied(policy, found.match, found.unless)
    assert (region.folders, region.exact) == (folders, exact)


def test_a_label_stands_for_its_paths():
    policy, found = rule("match: { label: credential }")
    region = denied(policy, found.match, found.unless)
    assert {"/home", "/root", "/run/secrets"} <= set(region.folders)
    assert region.homes


def test_only_plain_folders_are_spared():
    policy, found = rule("match: { path: '/a/**' }, unless: { path: ['/a/b/**', /a/c, '/a/*/d'] }")
    assert spared(policy, found.unless) == ("/a/b",)
    assert not denied(policy, found.match, found.unless).exact


def test_a_folder_lies_in_itself_and_in_the_root():
    assert lies_in("/a", "/a")
    assert lies_in("/a", "/")
    assert not lies_in("/ab", "/a")
