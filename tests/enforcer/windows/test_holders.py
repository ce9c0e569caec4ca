from __future__ import annotations

import ctypes

import pytest

from enforcer.windows.holders import holders
from enforcer.windows.identity import process_key
from enforcer.windows.structures import Holder

CREATED = 134_000_000_000_000_123


@pytest.fixture
def manager(windows, target):
    ended = []

    def listed(_session, _needed, room, found, _why):
        target(room, ctypes.c_uint32).value = 1
        one = target(found, Holder)
        one.pid, one.started = 8, (CREATED & 0xFFFFFFFF, CREATED >> 32)
        return 0

    windows |= {
        "RmStartSession": lambda *_: 0, "RmRegisterResources": lambda *_: 0, "RmGetList": listed,
        "RmEndSession": lambda _s: ended.append(1) or 0,
    }  # fmt: skip
    return windows, ended


def test_holder_comes_with_the_key_that_its_process_has(manager):
    assert holders("C:\\a") == [(8, process_key(8, CREATED))]
    assert manager[1] == [1]


@pytest.mark.parametrize("name", ["RmStartSession", "RmRegisterResources", "RmGetList"])
def test_nobody_is_named_where_the_system_does_not_tell(manager, name):
    manager[0][name] = lambda *_: 5
    assert holders("C:\\a") == []


def test_library_that_is_not_there_names_nobody():
    assert holders("C:\\a") == []
