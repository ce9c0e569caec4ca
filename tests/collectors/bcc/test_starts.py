"""Starts to the tick of /proc, of processes that live and of such as are gone."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from collectors.bcc.starts import Starts
from collectors.identity import TICK_NS, read_stat
from collectors.kernel.decode import view


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "60"]) as child:
        yield child
        child.kill()


def corrected(starts, *rows):
    records = view(np.concatenate(rows).copy())
    starts.correct(records)
    return records


def test_a_fork_that_was_told_in_the_next_tick_gets_its_own(sleeper, event):
    starts = Starts()
    true = read_stat(sleeper.pid).start_ticks * TICK_NS
    told = true + TICK_NS + 3000
    records = corrected(
        starts,
        event("fork", start=55, fork__child_pid=sleeper.pid, fork__child_start=told),
        event("file.read", pid=sleeper.pid, start=told),
        event("file.read", pid=1, start=told + 1),
    )
    assert records["fork.child_start"][0] == true
    assert records["start"].tolist() == [55, true, told + 1]
    assert starts.of(told) == true
    assert corrected(starts, event("exit", start=told))["start"].tolist() == [true]
    corrected(starts, event("exit", start=1))
    assert starts.of(told) == told, "nothing is kept of those that have ended"


def test_a_start_that_is_right_or_of_another_process_stays(sleeper, event):
    starts = Starts()
    true = read_stat(sleeper.pid).start_ticks * TICK_NS
    for told in (true + 3000, true + 5 * TICK_NS + 3000):
        records = corrected(starts, event("fork", fork__child_pid=sleeper.pid, fork__child_start=told))
        assert records["fork.child_start"].tolist() == [told]


def test_a_process_that_is_gone_keeps_what_was_told(event):
    with subprocess.Popen(["true"]) as child:
        pass
    records = corrected(Starts(), event("fork", fork__child_pid=child.pid, fork__child_start=7 * TICK_NS + 1))
    assert records["fork.child_start"].tolist() == [7 * TICK_NS + 1]
