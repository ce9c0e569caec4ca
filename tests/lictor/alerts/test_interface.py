from __future__ import annotations

import time

import pytest

from lictor.alerts.interface import Deadline, Patience
from pipeline.policy.quantities import duration


def test_a_deadline_runs_down_and_stays_at_nothing():
    deadline = Deadline(0.05)
    assert 0 < deadline.left() <= 0.05
    time.sleep(0.06)
    assert deadline.left() == 0


def test_a_deadline_within_another_is_over_with_it():
    outer = Deadline(100)
    inner = Deadline(50, outer)
    assert 49 < inner.left() <= 50
    outer.bring_forward(1)
    assert 0 < inner.left() <= 1
    assert 0 < Deadline(1, Deadline(50)).left() <= 1


def test_a_deadline_never_moves_away():
    deadline = Deadline(1)
    deadline.bring_forward(100)
    assert deadline.left() <= 1


@pytest.mark.parametrize(("written", "seconds"), [("5s", 5), ("250ms", 0.25), ("2m", 120)])
def test_times_of_a_file_become_seconds(written, seconds):
    assert Patience.of(duration(written), 3, duration("1h")) == Patience(seconds, 3, 3600)
