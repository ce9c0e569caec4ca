from __future__ import annotations

import pytest

from lictor.winservice import configuring
from lictor.winservice.configuring import Wanted

WANTED = Wanted("Lictor", "Lictor", "about", "python.exe -I")


def test_it_is_made_and_then_changed(services):
    assert configuring.put(WANTED) == "made"
    assert configuring.is_as(WANTED)
    newer = WANTED._replace(command="python.exe -I --audit", about="more")
    assert not configuring.is_as(newer)
    assert configuring.put(newer) == "changed"
    assert configuring.is_as(newer)
    assert len(services.known) == 1


@pytest.mark.parametrize("field", ["command", "about"])
def test_anything_else_than_what_is_wanted_is_noticed(services, field):
    configuring.put(WANTED)
    assert not configuring.is_as(WANTED._replace(**{field: "other"}))
    assert not configuring.is_as(WANTED._replace(name="Other"))


def test_it_comes_back_after_each_failure_also_after_one_in_order(services):
    configuring.put(WANTED)
    assert not configuring.is_delayed("Lictor")
    configuring.delay("Lictor")
    configuring.recover("Lictor")
    assert configuring.is_delayed("Lictor")
    assert configuring.recovers("Lictor")
    second = services.known["Lictor"].second
    assert second[2]["Actions"] == [(1, 5_000), (1, 30_000), (1, 300_000)]
    assert second[2]["ResetPeriod"] == 86_400
    second[4] = False
    assert not configuring.recovers("Lictor")
    second[4], second[2] = True, {"Actions": None, "ResetPeriod": 0}
    assert not configuring.recovers("Lictor")
