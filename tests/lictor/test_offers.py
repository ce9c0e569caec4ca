from __future__ import annotations

import pytest

from collectors.interface import CollectorError
from collectors.portable.source import PORTABLE
from lictor import offers
from lictor.probes import bpf
from lictor.probes.check import FAIL, OK, WARN, Check


def answering(state):
    return lambda: Check("x", state, "", "", "")


def test_a_machine_without_the_sensor_has_no_hooks_either(monkeypatch):
    monkeypatch.setattr(offers, "_chosen", lambda: None)
    monkeypatch.setattr(offers, "_NEEDED", (answering(OK), answering(FAIL)))
    monkeypatch.setattr(bpf, "cgroup_connect", answering(OK))
    host, missing = offers.this_host()
    assert (host.sensor, host.network_hooks) == (False, False)
    assert [c.state for c in missing] == [FAIL]


def test_a_machine_that_only_refuses_the_hooks(monkeypatch):
    monkeypatch.setattr(offers, "_chosen", lambda: None)
    monkeypatch.setattr(offers, "_NEEDED", (answering(OK),))
    monkeypatch.setattr(bpf, "cgroup_connect", answering(WARN))
    host, missing = offers.this_host()
    assert (host.sensor, host.network_hooks) == (True, False)
    assert [c.state for c in missing] == [WARN]


def test_under_a_source_that_only_tells_there_is_no_sensor_and_what_it_sees_is_known(monkeypatch):
    monkeypatch.setattr(offers, "_chosen", lambda: PORTABLE)
    for host, missing in (offers.this_host(), offers.this_host("portable")):
        assert (host.sensor, host.network_hooks, missing) == (False, False, [])
        assert (host.told.name, host.told.operations) == ("portable", PORTABLE.operations)


def test_an_unknown_source_is_refused():
    with pytest.raises(CollectorError, match="there is no source"):
        offers.this_host("x")
