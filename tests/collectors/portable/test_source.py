from __future__ import annotations

import importlib.util

from collectors.interface import Wanted
from collectors.portable.source import PORTABLE


def test_it_needs_two_libraries_and_nothing_else(monkeypatch):
    assert PORTABLE.usable() is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "watchdog" else object())
    assert PORTABLE.usable() == "not installed: watchdog"


def test_it_builds_a_collector_of_its_name_that_decides_nothing():
    collector = PORTABLE.build(Wanted())
    assert collector.name == PORTABLE.name
    assert collector.kernel is None
    assert not PORTABLE.inline
    collector.close()
