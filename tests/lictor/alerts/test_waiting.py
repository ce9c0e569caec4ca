from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lictor.alerts.alert import Alert
from lictor.alerts.waiting import LIMIT, Waiting


@given(st.lists(st.none() | st.integers(0, 4), max_size=60), st.integers(1, 5))
def test_it_does_what_a_plain_list_would(steps, limit):
    waiting, plain = Waiting(limit), []
    for level in steps:  # None: take one out
        if level is None:
            assert waiting.next() is (plain.pop(0) if plain else None)
            continue
        alert = Alert("findings", level, "findings", {})
        plain.append(alert)
        victim = min(plain, key=lambda a: a.level) if len(plain) > limit else None
        assert waiting.put(alert) is victim
        if victim is not None:
            plain.remove(victim)
        assert len(waiting) == len(plain) <= limit
    while plain:
        assert waiting.next() is plain.pop(0)
    assert waiting.next() is None


def test_a_flood_of_small_things_does_not_push_out_the_one_that_matters(alert):
    waiting = Waiting()
    urgent = alert(level=4)
    waiting.put(urgent)
    dropped = [waiting.put(alert(level=0)) for _ in range(2 * LIMIT)]
    assert sum(d is not None for d in dropped) == LIMIT + 1
    assert urgent not in dropped
    assert waiting.next() is urgent
