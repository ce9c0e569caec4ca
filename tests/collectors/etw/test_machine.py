"""The list of processes, as the kernel lays it out. The functions of Windows themselves run in tests/windows."""

from __future__ import annotations

import struct
import sys

import pytest

from collectors.etw import machine
from collectors.etw.machine import Seen, parsed

ADDRESS = 0x10000


def entries(*seen: Seen) -> bytes:
    made = b""
    for n, one in enumerate(seen, 1):
        name = one.name.encode("utf-16-le")
        entry = bytearray(0x100)
        struct.pack_into("<q", entry, 0x20, one.created)
        struct.pack_into("<QQ", entry, 0x50, one.pid, one.parent)
        if name:
            struct.pack_into("<HHIQ", entry, 0x38, len(name), len(name) + 2, 0, ADDRESS + len(made) + len(entry))
        struct.pack_into("<I", entry, 0, (len(entry) + len(name)) if n < len(seen) else 0)
        made += bytes(entry) + name
    return made


def test_each_entry_is_read_and_the_last_one_ends_it():
    wanted = [Seen(4, 0, 0, "System"), Seen(88, 4, 133 * 10**15, "a b é.exe"), Seen(0, 0, 0, "")]
    assert list(parsed(entries(*wanted), ADDRESS)) == wanted


def test_a_list_that_is_cut_short_ends_where_it_is_cut():
    raw = entries(Seen(4, 0, 0, "System"), Seen(88, 4, 1, "x"))
    assert list(parsed(raw[:0x140], ADDRESS)) == [Seen(4, 0, 0, "System")]
    assert list(parsed(b"", ADDRESS)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="says what other systems answer")
def test_another_system_knows_nothing():
    assert (machine.boot_id(), machine.processes(), machine.program(1), machine.volumes()) == ("", [], None, [])
