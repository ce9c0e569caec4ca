"""Paths with what may be done to them. The tables are what commands could do in ``codex sandbox`` 0.169.0 on Linux."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.codex.access import Entry, below, literal, reads_everything, special
from pipeline.policy.dialects.codex.reader import DIALECT
from pipeline.policy.dialects.srt.paths import ROOT, WORKSPACE, Nowhere, Spot
from tests.pipeline.policy.dialects.verdict_judge import HOME, Judge, outcomes
from tests.pipeline.policy.dialects.verdict_judge import WORKSPACE as W

HEAD = 'approval_policy = "never"\ndefault_permissions = "p"\n[permissions.p.filesystem]\n'


def judge(entries, head=HEAD):
    return Judge(DIALECT.read(head + entries, "c.toml"))


@pytest.mark.parametrize(
    ("entries", "read", "hidden", "written", "kept"),
    [
        (f'":root" = "read"\n":workspace_roots" = "write"\n"{W}/a" = "deny"', ["f", "/etc/x"], ["a/b/f"], ["n"], [".git/x", ".codex/x", "/tmp/x"]),
        (f'":root" = "read"\n"{W}" = "write"\n"{W}/sub" = "deny"\n"{W}/sub/in" = "write"', ["f"], ["sub/in/z", "sub/q"], ["n"], ["sub/in/z"]),
        (f'":root" = "read"\n"{W}" = "write"\n"{W}/sub" = "read"\n"{W}/sub/in" = "write"', ["sub/q"], [], ["n", "sub/in/z"], ["sub/q", ".aws/q", ".agents/q"]),
        (f'":root" = "read"\n"{W}" = "write"\n"{W}/.git" = "write"', ["f"], [], [".git/y"], [".codex/y"]),
        (f'":root" = "read"\n"{W}/*.env" = "deny"', ["f", "a/k.env", "K.ENV"], ["k.env", ".h.env"], [], ["n"]),
        (f'":root" = "read"\n"{W}/**/*.env" = "deny"', ["f"], ["k.env", "a/k.env"], [], []),
        (f'":root" = "read"\n"{W}/[!x].env" = "deny"', ["xx.env", "x.env"], ["k.env"], [], []),
        (f'":root" = "read"\n"{W}/{{k,x}}*.env" = "deny"', ["q.env"], ["k.env", "x1.env"], [], []),
        ('":root" = "read"\n":workspace_roots" = { "." = "write", "sub" = "read", "a" = "deny" }', ["sub/n"], ["a/f"], ["n"], ["sub/n"]),
        (f'"{W}" = "write"', ["f"], ["/etc/passwd"], ["n"], ["/etc/x"]),
        ('":minimal" = "read"\n":workspace_roots" = "write"', ["/usr/bin/x", "f"], ["/root/x", "/opt/x"], ["n"], ["/usr/x"]),
        ('":root" = "read"\n":slash_tmp" = "write"', ["f"], [], ["/tmp/q"], ["n"]),
    ],
)  # fmt: skip
def test_access(entries, read, hidden, written, kept):
    asked = judge(entries)

    def at(name):
        return name if name.startswith("/") else f"{W}/{name}"

    assert [n for n in read if asked("file.read", at(n)) != "allow"] == []
    assert [n for n in hidden if asked("file.read", at(n)) != "deny"] == []
    assert [n for n in written if asked("file.write", at(n)) != "allow" or asked("file.read", at(n)) != "allow"] == []
    assert [n for n in kept if asked("file.write", at(n)) != "deny"] == []


@pytest.mark.parametrize(
    ("entry", "outcome"),
    [
        ('"/a/../b" = "write"', "narrower"), ('"/a/../b" = "deny"', "wider"), ('":foo" = "read"', "narrower"),
        ('":foo" = "deny"', "wider"), ('":tmpdir" = "write"', "narrower"), ('"/x" = "none"', "exact"),
        ('"/x/a{b*" = "deny"', "narrower"), ('":minimal" = "deny"', "narrower"),
    ],
)  # fmt: skip
def test_outcomes(entry, outcome):
    found = DIALECT.read(HEAD + '":root" = "read"\n' + entry, "c.toml")
    assert next(o for n, o in outcomes(found).items() if "_root" not in n and n.count("-") >= 2) == outcome


def test_a_pattern_that_cannot_be_written_denies_its_folder():
    asked = judge('":root" = "read"\n"/x/a{b*" = "deny"')
    assert asked("file.read", "/x/q") == "deny"
    assert asked("file.read", "/y") == "allow"


def test_places():
    assert literal("~/x/**") == Spot("~", "/x", below=True)
    assert literal("/") == Spot(ROOT, "")
    assert below(Spot(WORKSPACE, ""), "a/./b") == Spot(WORKSPACE, "/a/b")
    assert isinstance(literal("/a/../b"), Nowhere)
    assert isinstance(literal("/a\0"), Nowhere)
    assert special(":root")
    assert special(":workspace_roots")
    assert not special(":foo")
    assert reads_everything([Entry((), Spot(ROOT, ""), "read")])
    assert not reads_everything([Entry((), Spot(ROOT, "/x"), "read")])


def test_home():
    asked = judge('":root" = "read"\n"~/.ssh" = "deny"\n"~" = "write"')
    assert asked("file.write", f"{HOME}/x") == "allow"
    assert asked("file.read", f"{HOME}/.ssh/id") == "deny"
