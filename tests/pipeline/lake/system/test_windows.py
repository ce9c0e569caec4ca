"""What can be told without a Windows; the calls themselves are made under Wine, by every command that uses a lake."""

from __future__ import annotations

import ctypes
import os

import pytest

from pipeline.lake.system import windows


def test_the_structure_has_the_size_of_minwinbase_h():
    assert ctypes.sizeof(windows.Overlapped) == 32


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [(os.O_RDONLY, 3), (os.O_RDWR, 3), (os.O_RDWR | os.O_CREAT, 4), (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 2), (os.O_RDWR | os.O_CREAT | os.O_EXCL, 1)],
)  # fmt: skip
def test_flags_of_open_are_dispositions_of_windows(flags, wanted):
    assert windows.disposition(flags) == wanted


def test_all_is_written_and_read_whatever_the_system_takes_at_once(tmp_path, monkeypatch):
    fd = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    write, read = os.write, os.read
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:2]))
    monkeypatch.setattr(os, "read", lambda fd, length: read(fd, min(length, 3)))
    assert windows.write(fd, [b"abc", memoryview(b"defg")]) == 7
    assert windows.read_at(fd, 99, 1) == b"bcdefg"
    assert windows.read_at(fd, 2, 1) == b"bc"
    os.close(fd)


class Held:
    """A path that somebody holds so many times more."""

    def __init__(self, times):
        self.left, self.removed = times, False

    def unlink(self):
        self.left -= 1
        if self.left >= 0:
            raise PermissionError
        self.removed = True


def test_a_file_that_is_held_is_waited_for_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(windows, "_PAUSE_S", 0)
    soon, never = Held(3), Held(10_000)
    windows.remove(soon)
    assert soon.removed
    with pytest.raises(PermissionError):
        windows.remove(never)
    assert never.left > 10_000 - 100


@pytest.mark.parametrize(("error", "tries"), [(5, 4), (32, 4), (3, 1)])
def test_a_name_is_tried_again_only_where_somebody_holds_it(monkeypatch, error, tries):
    calls = []
    monkeypatch.setattr(windows, "_PAUSE_S", 0)
    monkeypatch.setattr(windows, "_last_error", lambda: error)

    def do():
        calls.append(1)
        return len(calls) == 4

    if tries == 4:
        windows._patiently("x", do)
    else:
        with pytest.raises(OSError, match="only Windows"):
            windows._patiently("x", do)
    assert len(calls) == tries


def test_who_may_write_is_tried_and_leaves_nothing(tmp_path):
    assert windows.may_write(tmp_path)
    assert not windows.may_write(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []
