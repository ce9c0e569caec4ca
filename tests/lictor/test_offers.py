from __future__ import annotations

from lictor import offers
from lictor.probes import bpf
from lictor.probes.check import FAIL, OK, WARN, Check


def answering(state):
    return lambda: Check("x", state, "", "", "")


def test_a_machine_without_the_sensor_has_no_hooks_either(monkeypatch):
    monkeypatch.setattr(offers, "_NEEDED", (answering(OK), answering(FAIL)))
    monkeypatch.setattr(bpf, "cgroup_connect", answering(OK))
    host, missing = offers.this_host()
    assert (host.sensor, host.network_hooks) == (False, False)
    assert [c.state for c in missing] == [FAIL]


def test_a_machine_that_only_refuses_the_hooks(monkeypatch):
    monkeypatch.setattr(offers, "_NEEDED", (answering(OK),))
    monkeypatch.setattr(bpf, "cgroup_connect", answering(WARN))
    host, missing = offers.this_host()
    assert (host.sensor, host.network_hooks) == (True, False)
    assert [c.state for c in missing] == [WARN]
