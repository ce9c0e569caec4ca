from __future__ import annotations

import sys

import pytest

from collectors.etw import tables
from collectors.etw.source import ETW, build, usable
from collectors.interface import Wanted


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_elsewhere_than_on_windows_it_says_so_in_one_line():
    assert usable() == f"only Windows has Event Tracing for Windows, this is {sys.platform}"


def test_a_collector_is_built_without_touching_the_system():
    collector = build(Wanted())
    assert (collector.name, collector.kernel) == (ETW.name, None)
    assert collector.received() == {}
    collector.close()


def test_what_it_is_said_to_see_is_what_its_readers_make():
    roles = {event.role for event in tables.EVENTS}
    assert {
        "start",
        "stop",
        "image",
        "open",
        "move",
        "path",
        "network",
        "dns",
        "registry",
        "key",
        "amsi",
        "script",
        "audit",
    } <= roles
    assert "fork" not in ETW.operations
    assert len(ETW.operations) == 22
    assert not ETW.inline
    assert ETW.counts
