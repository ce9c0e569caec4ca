"""Who goes first, as the kernel itself tells it; in threads, since the priority is one thread's."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from lictor import priority

NICE, PRIORITY, POLICY = 19, 40, 41  # fields of /proc/<pid>/stat, as proc(5) numbers them


def in_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(30)


def told(stat: str) -> tuple[int, int, int]:
    """Policy, real-time priority and niceness."""
    fields = ["", "", *stat.rpartition(")")[2].split()]  # the bracket closes the second
    return int(fields[POLICY - 1]), int(fields[PRIORITY - 1]), int(fields[NICE - 1])


def of_this_thread() -> tuple[int, int, int]:
    with open("/proc/thread-self/stat") as file:
        return told(file.read())


def may_go_first() -> bool:
    def ask() -> bool:
        priority.go_first()
        return of_this_thread()[0] == os.SCHED_RR

    return in_thread(ask)


needs_right = pytest.mark.skipif(not may_go_first(), reason="real-time scheduling is not granted here")


@needs_right
def test_the_thread_is_a_real_time_one_and_its_children_are_not():
    def look():
        priority.go_first()
        child = subprocess.run(["cat", "/proc/self/stat"], capture_output=True, text=True, check=True).stdout
        return of_this_thread(), told(child)

    mine, childs = in_thread(look)
    assert mine[:2] == (os.SCHED_RR, 1)
    assert childs == (os.SCHED_OTHER, 0, 0)


@needs_right
def test_at_ease_it_is_one_among_others_also_when_that_fails():
    def look():
        priority.go_first()
        within = []

        def fail():
            within.append(of_this_thread())
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), priority.at_ease():
            fail()
        return within[0], of_this_thread()

    within, after = in_thread(look)
    assert within == (os.SCHED_OTHER, 0, 0)
    assert after[:2] == (os.SCHED_RR, 1)


def test_any_other_thread_stays_as_it_is_at_ease():
    def look():
        before = of_this_thread()
        with priority.at_ease():
            within = of_this_thread()
        return before, within, of_this_thread()

    before, within, after = in_thread(look)
    assert before == within == after


def test_without_real_time_the_share_is_larger_and_without_any_right_nothing_happens(monkeypatch):
    real = os.sched_setscheduler

    def refuse(pid, policy, param):
        if policy & os.SCHED_RR:
            raise PermissionError
        real(pid, policy, param)

    monkeypatch.setattr(os, "sched_setscheduler", refuse)

    def look():
        priority.go_first()
        return of_this_thread()

    if os.geteuid() == 0:
        assert in_thread(look) == (os.SCHED_OTHER, 0, priority.NICE)

    def refuse_all(*_):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse_all)
    assert in_thread(look)[0] == os.SCHED_OTHER
