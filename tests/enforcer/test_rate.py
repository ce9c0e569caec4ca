import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.rate import WINDOW_S, Rate


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_as_many_as_permitted_and_each_kind_by_itself(clock):
    rate = Rate(2, clock)
    assert [rate.spend("a") for _ in range(3)] == [True, True, False]
    assert [rate.spend("b") for _ in range(3)] == [True, True, False]


def test_what_is_refused_does_not_count_and_time_frees(clock):
    rate = Rate(2, clock)
    rate.spend("a")
    clock.now += WINDOW_S / 2
    rate.spend("a")
    for _ in range(100):
        assert not rate.spend("a")
    clock.now += WINDOW_S / 2
    assert [rate.spend("a"), rate.spend("a")] == [True, False]  # the first is forgotten, the second not yet


def test_a_kind_that_was_admitted_comes_again_as_often_as_it_likes(clock):
    rate = Rate(2, clock)
    assert [rate.admit(kind) for kind in "aaabbbcab"] == [True] * 6 + [False, True, True]
    clock.now += WINDOW_S - 1
    assert rate.admit("a")
    clock.now += 1  # b did nothing for the whole window, a did
    assert [rate.admit(kind) for kind in "cab"] == [True, True, False]


def test_kinds_are_forgotten(clock):
    rate = Rate(3, clock)
    for number in range(1000):
        rate.spend(str(number))
        clock.now += 1
    assert len(rate._acts) <= WINDOW_S


steps = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 1, 20, 59, 60])), max_size=40)


@given(steps)
def test_spend_equals_a_plain_reading(some):
    clock, plain = Clock(), []
    rate = Rate(2, clock)
    for kind, wait in some:
        clock.now += wait
        recent = [1 for k, t in plain if k == kind and clock.now - t < WINDOW_S]
        assert rate.spend(kind) == (len(recent) < 2)
        if len(recent) < 2:
            plain.append((kind, clock.now))


@given(steps)
def test_admit_equals_a_plain_reading(some):
    clock, last = Clock(), {}
    rate = Rate(2, clock)
    for kind, wait in some:
        clock.now += wait
        others = {k for k, t in last.items() if clock.now - t < WINDOW_S and k != kind}
        known = kind in last and clock.now - last[kind] < WINDOW_S
        assert rate.admit(kind) == (known or len(others) < 2)
        if known or len(others) < 2:
            last[kind] = clock.now
