"""Paths of nono as patterns."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.nono.paths import below, holds, pattern


@pytest.mark.parametrize(
    ("path", "allow", "deny"),
    [
        ("/usr/bin/", "/usr/bin", "/usr/bin"),
        ("/", "/", "/"),
        ("~/.ssh", "${HOME}/.ssh", "${HOME}/.ssh"),
        ("$HOME", "${HOME}", "${HOME}"),
        ("$WORKDIR/.env", "${workspace}/.env", "${workspace}/.env"),
        (".", "${workspace}", "${workspace}"),
        ("./a", "${workspace}/a", "${workspace}/a"),
        ("$XDG_CONFIG_HOME/x", "${HOME}/.config/x", "${HOME}/.config/x"),
        ("/a[1]/{b}*", r"/a\[1\]/\{b\}\*", r"/a\[1\]/\{b\}\*"),
        ("/run/user/$UID", None, "/run/user/*"),
        ("$TMPDIR/x", None, "/tmp/x"),
        ("relative", None, None),
        ("/a/../b", None, None),
        ("/a/./b//c", "/a/b/c", "/a/b/c"),
        ("$UNKNOWN/x", None, None),
    ],
)
def test_pattern(path, allow, deny):
    assert pattern(path) == allow
    assert pattern(path, deny=True) == deny


def test_folders():
    assert below("/") == "/**"
    assert below("/a") == "/a/**"
    assert holds("/a", "/a/b")
    assert holds("/", "/a")
    assert not holds("/a", "/a")
    assert not holds("/a", "/ab")
