from __future__ import annotations

import pytest

from collectors.portable import pace
from collectors.portable.pace import CALM_AFTER_S, Pace


@pytest.fixture
def now(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock[0])
    return clock


def test_a_look_may_cost_no_more_than_its_share(now):
    one = Pace(least=0.01, most=10.0, share=0.01)
    assert one.due()
    one.looked(0.005, changed=True)
    assert one.wait() == pytest.approx(0.5)
    now[0] += 0.6
    assert one.due()


def test_bounds_hold(now):
    one = Pace(least=0.1, most=1.0, share=0.01)
    one.looked(0.00001, changed=True)
    assert one.wait() == pytest.approx(0.1)
    one.looked(5.0, changed=True)
    assert one.wait() == pytest.approx(1.0)


def test_looks_become_rarer_while_nothing_changes_and_come_back(now):
    one = Pace(least=0.1, most=5.0, share=0.01)
    now[0] += CALM_AFTER_S + 9
    one.looked(0.0001, changed=False)
    assert one.wait() == pytest.approx(1.0)
    one.looked(0.0001, changed=True)
    assert one.wait() == pytest.approx(0.1)


def test_to_hurry_is_at_once_or_as_a_larger_share_permits(now):
    one = Pace(least=0.01, most=60.0, share=0.001)
    one.looked(0.01, changed=True)
    one.hurry(share=0.01)
    assert one.wait() == pytest.approx(1.0)
    one.hurry(share=0.0001)
    assert one.wait() == pytest.approx(1.0)  # never later than it was
    one.hurry()
    assert one.due()
