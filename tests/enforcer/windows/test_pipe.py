from __future__ import annotations

import ctypes

import pytest

from enforcer.windows import pipe
from enforcer.windows.pipe import Pipe, PipeFullError


@pytest.fixture
def system(windows, target):
    """What was written and not read yet, and the handles that were closed; the ends are 64 and 68."""
    state = {"unread": b"", "closed": []}

    def create(reading, writing, security, room):
        assert (security, room) == (None, pipe.ROOM)
        target(reading, ctypes.c_void_p).value, target(writing, ctypes.c_void_p).value = 64, 68
        return 1

    def peek(end, _to, _size, _got, there, _left):
        assert end == 64
        target(there, ctypes.c_uint32).value = len(state["unread"])
        return 1

    def write(end, data, size, _written, _overlapped):
        assert end == 68
        state["unread"] += data[:size]
        return 1

    windows |= {
        "CreatePipe": create, "PeekNamedPipe": peek, "WriteFile": write,
        "CloseHandle": lambda end: state["closed"].append(end) or 1,
    }  # fmt: skip
    return state


def test_what_fits_is_written_whole_and_what_does_not_is_refused_at_once(system):
    made = Pipe()
    made.write(b"a" * (pipe.ROOM - 1))
    with pytest.raises(PipeFullError):
        made.write(b"bc")
    made.write(b"d")
    assert len(system["unread"]) == pipe.ROOM
    system["unread"] = b""
    made.write(b"e")
    assert system["unread"] == b"e"


def test_both_ends_are_closed_once(system):
    made = Pipe()
    made.close()
    made.close()
    assert system["closed"] == [64, 68]
    assert made.reading == 0
