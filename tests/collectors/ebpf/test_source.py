from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from collectors.ebpf import collector, source
from collectors.interface import Wanted


@pytest.mark.kernel
def test_where_the_sensor_loads_it_can_be_used(sensor):
    before = len(os.listdir("/proc/self/fd"))
    assert source.usable() is None
    assert len(os.listdir("/proc/self/fd")) == before
    assert source.build(Wanted()).name == sensor.name


def test_elsewhere_and_without_its_parts_the_reason_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(source, "BTF", tmp_path / "none")
    monkeypatch.setattr(collector, "OBJECT", Path(__file__))
    assert "does not describe its structures" in source.usable()
    monkeypatch.setattr(collector, "OBJECT", tmp_path / "none.o")
    assert "make sensor" in source.usable()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert source.usable() == "eBPF needs Linux, this is darwin"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.skipif(not source.BTF.exists(), reason="this kernel has no BTF")
def test_an_ordinary_user_is_told_why_not(monkeypatch):
    monkeypatch.setattr(collector, "OBJECT", Path(__file__))
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(65534)
            os.write(write, str(source.usable()).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    with os.fdopen(read) as pipe:
        assert "run as root" in pipe.read()
