from __future__ import annotations

from pipeline.policy.targets.interface import Host, Told
from pipeline.policy.targets.order import available


def test_the_kernel_comes_before_user_space_and_only_where_it_is():
    assert [t.name for t in available(Host())] == ["kernel", "user space"]
    assert [t.name for t in available(Host(sensor=False))] == ["user space"]


def test_another_source_in_the_sensors_place_leaves_user_space_alone():
    told = Told("looker", frozenset(), "afterwards")
    (only,) = available(Host(sensor=False, told=told))
    assert only._told is told
