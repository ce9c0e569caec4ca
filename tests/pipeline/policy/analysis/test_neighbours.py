from __future__ import annotations

import pytest

from pipeline.policy.analysis.neighbours import nearest, neighbours
from pipeline.policy.model import TestEvent


@pytest.mark.parametrize(
    "event",
    [
        TestEvent(on="file.read", path="/a/b/c.txt", exe="/usr/bin/x"),
        TestEvent(on="file.rename", path="/a/b", path_to="/c/d"),
        TestEvent(on="net.connect", dst_ip="203.0.113.8", dst_port=443, domain="x.example"),
        TestEvent(on="net.bind", src_ip="::", src_port=80),
        TestEvent(on="exec", path="/usr/bin/x", argv="x y", parent="/usr/bin/bash", user="u"),
        TestEvent(on="kernel.io_uring", exe="/usr/bin/x"),
        TestEvent(on="net.connect", protocol="unix", path="/run/x"),
    ],
)
def test_neighbours_are_other_events_and_each_stands_once(world, event):
    found = neighbours(event, world.context)
    assert found
    assert event not in found
    assert len(set(found)) == len(found)


def test_files_beside_below_and_elsewhere_are_among_them(world):
    paths = {e.path for e in neighbours(TestEvent(on="file.read", path="/a/b/c.txt", exe="/x"), world.context)}
    assert {"/a/b/other.txt", "/a/b/sub/other", "/a/other", "/home/u/other", "/home/u/.ssh/id_rsa"} <= paths


def test_other_programs_ports_and_addresses_are_among_them(world):
    event = TestEvent(on="net.connect", dst_ip="203.0.113.8", dst_port=443, exe="/x")
    found = neighbours(event, world.context)
    assert {"/usr/bin/cat", "/usr/bin/curl"} <= {e.exe for e in found if e.dst_ip == event.dst_ip}
    assert {22, 444} <= {e.dst_port for e in found if e.dst_ip == event.dst_ip}
    assert {"203.0.113.9", "10.1.2.3"} <= {e.dst_ip for e in found if e.dst_port == 443}


def test_another_operation_has_its_own_intent(world):
    found = neighbours(TestEvent(on="file.read", path="/a/b", intent=("read", "write")), world.context)
    assert TestEvent(on="file.write", path="/a/b") in found


def test_the_nearest_are_some_tens_of_them_without_the_probes(world):
    event = TestEvent(on="file.read", path="/a/b/c.txt", exe="/x")
    near, all_of_them = nearest(event, world.context), neighbours(event, world.context)
    assert 10 < len(near) < 60 < len(all_of_them)
    assert all_of_them[: len(near)] == near
    assert "/home/u/.ssh/id_rsa" not in {e.path for e in near}
