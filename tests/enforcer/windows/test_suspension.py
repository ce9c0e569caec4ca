from __future__ import annotations

import contextlib
import ctypes

import pytest

from enforcer.windows import api, process, suspension
from enforcer.windows.identity import process_key
from enforcer.windows.suspension import Halt

CREATED = 134_000_000_000_000_000
KEY = process_key(8, CREATED)


@pytest.fixture
def threads(windows, target, monkeypatch):
    """Counts of the threads of process 8; one that is ending has ``None``. A handle of a thread is 100 and its place."""
    counts = [0]
    closed = []

    def following(_process, last, access, _attributes, _flags, found):
        assert access == 0x40
        at = last - 99 if last else 0
        if at == len(counts):
            return 0x8000001A - (1 << 32)
        target(found, ctypes.c_void_p).value = 100 + at
        return 0

    def query(thread, kind, found, size, _used):
        assert (kind, size) == (35, 4)
        if counts[thread - 100] is None:
            return -1073741749
        target(found, ctypes.c_uint32).value = counts[thread - 100]
        return 0

    def change(by):
        def do(_process):
            counts[:] = [None if count is None else max(count + by, 0) for count in counts]
            return 0

        return do

    @contextlib.contextmanager
    def opened(pid, access):
        assert access == suspension.ACCESS
        if pid != 8:
            raise ProcessLookupError(pid)
        yield 64

    windows |= {
        "NtGetNextThread": following, "NtQueryInformationThread": query, "NtSuspendProcess": change(1), "NtResumeProcess": change(-1),
        "OpenThread": lambda _access, _inherit, tid: tid, "CloseHandle": lambda handle: closed.append(handle) or 1,
    }  # fmt: skip
    monkeypatch.setattr(process, "opened", opened)
    monkeypatch.setattr(process, "created", lambda _handle: CREATED)
    monkeypatch.setattr(process, "wait_ended", lambda _handle, _timeout: False)
    counts.clear()
    return counts


def test_depth_is_that_of_the_deepest_thread_and_one_that_ends_has_none(threads):
    assert suspension.depth(64) == 0
    threads += [0, 2, None]
    assert suspension.depth(64) == 2


def test_every_handle_of_a_thread_is_closed(threads, windows):
    closed = []
    windows["CloseHandle"] = lambda handle: closed.append(handle) or 1
    threads += [0, 0, 0]
    suspension.depth(64)
    assert closed == [100, 101, 102]


def test_threads_that_cannot_be_listed_are_an_error(threads, windows):
    windows["NtGetNextThread"] = lambda *_: -1073741790
    with pytest.raises(OSError, match="NtGetNextThread: NTSTATUS 0xC0000022"):
        suspension.depth(64)
    assert not suspension.undo(Halt(8, KEY, 0))


@pytest.mark.parametrize(("before", "now", "after"), [(0, 1, 0), (0, 0, 0), (1, 2, 1), (1, 1, 1), (0, 2, 1)])
def test_a_suspension_is_undone_once_if_it_is_in_effect_and_never_if_it_was_not_made(threads, before, now, after):
    threads += [now, now]
    halt = Halt(8, KEY, before)
    assert suspension.is_made(halt) == (now > before)
    assert suspension.undo(halt)
    assert threads == [after, after]


def test_a_resume_that_is_not_seen_to_take_effect_is_none(threads, windows):
    windows["NtResumeProcess"] = lambda _process: 0
    threads += [1]
    assert not suspension.undo(Halt(8, KEY, 0))


def test_a_thread_that_somebody_puts_in_meanwhile_hides_nothing(threads):
    threads += [1, 0]
    assert suspension.undo(Halt(8, KEY, 0))
    assert threads == [0, 0]


def test_another_process_of_that_pid_and_one_that_is_gone_are_left_alone(threads):
    threads += [1]
    assert suspension.undo(Halt(8, KEY + 1, 0))
    assert suspension.undo(Halt(12, KEY, 0))
    assert not suspension.is_made(Halt(12, KEY, 0))
    assert threads == [1]


@pytest.mark.parametrize(("count", "suspended"), [(0, False), (1, True), (None, True)])
def test_a_thread_is_looked_at_and_not_touched(threads, count, suspended):
    threads += [count]
    assert suspension.is_suspended(100) == suspended
    assert threads == [count]


def test_a_thread_that_may_not_be_opened_does_not_count_as_suspended(monkeypatch):
    def denied(*_):
        raise PermissionError(api.ACCESS_DENIED, "denied")

    monkeypatch.setattr(api, "call", denied)
    assert not suspension.is_suspended(8)
