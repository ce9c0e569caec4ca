"""What judges goes first: the scheduling of the thread that turns events into verdicts.

An agent that uses all the processor must not make its own verdict wait. Niceness does not see to that: the kernel lets
whoever runs finish a slice of some 3 ms before a thread that has just woken gets its turn, and puts the two on one
processor of two although the other is idle (measured on 6.18: 4 to 8 ms on the way to a freeze). So this
thread is a real-time one, at the lowest priority of those. What takes longer than a batch is done ``at_ease``, and
the kernel keeps a twentieth of each processor for everybody else in any case.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NICE = -10
"""Where real-time scheduling is not granted: a share of ten, at least."""


def go_first() -> None:
    """The calling thread, but nothing that it starts, goes before all that is not real-time; as far as we may."""
    if sys.platform != "linux":  # whose scheduler this is about
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        _go_nicely()


def _go_nicely() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except OSError:  # without the right to it, like everybody else
        return


@contextmanager
def at_ease() -> Iterator[None]:
    """Within, a thread that goes first is one among others; nothing changes for any other thread."""
    if sys.platform != "linux":
        yield
        return
    first = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR
    if first:
        os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    try:
        yield
    finally:
        if first:
            go_first()
