"""The probes of the sensor tell what the kernel really does."""

from __future__ import annotations

import pytest

from collectors.ebpf import collector, probe
from collectors.interface import CollectorError


@pytest.mark.kernel
def test_sensor_sees_its_canary(sensor):
    name, state, found, costs, fix = probe.sensor()
    assert (name, state) == ("kernel sensor", "ok")
    assert "saw the exec" in found
    assert costs == fix == ""


def test_sensor_that_was_not_built_is_a_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(collector, "OBJECT", tmp_path / "sensor.bpf.o")
    _, state, found, costs, fix = probe.sensor()
    assert state == "fail"
    assert "make sensor" in found
    assert costs
    assert fix


@pytest.mark.kernel
def test_sensor_that_sees_nothing_is_a_failure(sensor, monkeypatch):
    monkeypatch.setattr(probe.EbpfCollector, "tag", lambda *_: None)  # the canary belongs to nobody then
    _, state, found, *_ = probe.sensor()
    assert state == "fail"
    assert "saw nothing" in found


@pytest.mark.kernel
@pytest.mark.parametrize("ask", [probe.lsm, probe.fentry])
def test_tiers_are_told_and_never_fail(sensor, ask):
    name, state, found, *_ = ask()
    assert state == "ok"
    assert name.split()[0] in {"LSM", "fentry"}
    assert found.startswith(("refused at", "loaded and attached", "this kernel does not have it"))


def test_without_libbpf_a_tier_is_not_tried(monkeypatch):
    def missing():
        raise CollectorError("libbpf 1.x is not installed")

    monkeypatch.setattr(probe, "library", missing)
    assert probe.lsm()[2].startswith("not tried: libbpf")


def test_a_function_that_no_kernel_has_is_told():
    try:
        probe.library()
    except CollectorError as error:
        pytest.skip(str(error))
    assert probe._attach("lictor_has_no_such_function", 26, 24) == "this kernel does not have it"
