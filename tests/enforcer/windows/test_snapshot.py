from __future__ import annotations

import ctypes

from enforcer.windows import snapshot
from enforcer.windows.structures import ProcessEntry, ThreadEntry


def test_snapshot_is_read_to_its_end_and_closed(windows, target):
    rows, closed = [(8, 4, "agent.exe"), (12, 8, "né.exe")], []

    def fill(_handle, entry):
        if not rows:
            return 0
        into = target(entry, ProcessEntry)
        assert into.size == ctypes.sizeof(ProcessEntry)
        into.pid, into.parent, name = rows.pop(0)
        units = (name + "\0").encode("utf-16-le")
        ctypes.memmove(into.name, units, len(units))
        return 1

    windows |= {
        "CreateToolhelp32Snapshot": lambda _what, _pid: 64, "Process32FirstW": fill, "Process32NextW": fill,
        "CloseHandle": closed.append,
    }  # fmt: skip
    assert snapshot.processes() == [snapshot.Seen(8, 4, "agent.exe"), snapshot.Seen(12, 8, "né.exe")]
    assert closed == [64]


def test_threads_come_by_process(windows, target):
    rows = [(8, 1), (8, 2), (12, 3)]

    def fill(_handle, entry):
        if rows:
            into = target(entry, ThreadEntry)
            into.pid, into.tid = rows.pop(0)
            return 1
        return 0

    windows |= {"CreateToolhelp32Snapshot": lambda *_: 64, "Thread32First": fill, "Thread32Next": fill}
    assert snapshot.threads() == {8: [1, 2], 12: [3]}
