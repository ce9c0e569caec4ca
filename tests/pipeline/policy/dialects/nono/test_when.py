"""Predicates of platforms, read for Linux."""

from __future__ import annotations

import pytest

from pipeline.policy.dialects.nono.when import holds, wrong


@pytest.mark.parametrize(
    ("when", "answer"),
    [
        (None, True),
        ("linux", True),
        ("macos", False),
        ("!macos", True),
        ("!linux", False),
        ("macos:>=15", False),
        ("linux:ubuntu:>=24.04", None),
        ("!linux:nixos", None),
        ("beos", False),
        (["macos", "linux"], True),
        (["macos", "linux:fedora"], None),
        (["macos", "windows"], False),
    ],
)
def test_holds(when, answer):
    assert holds(when) is answer
    assert when is None or wrong(when) is None


@pytest.mark.parametrize(
    "when", ["", "!", "linux:", "linux:a:1:b:c", "macos:15:1", "linux:a b", "linux:x:~1", "!!linux", ["linux", ""]]
)
def test_wrong(when):
    assert wrong(when)
