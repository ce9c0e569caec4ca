"""The facts come from the machine; the spread is arithmetic."""

from __future__ import annotations

import os
import platform

import pytest

from benchmarks import machine


def test_processor_is_the_model_or_else_the_architecture():
    assert machine.processor("processor\t: 0\nmodel name\t: Fast One 9\nmodel name\t: Fast One 9\n") == "Fast One 9"
    assert machine.processor("processor\t: 0\nBogoMIPS\t: 50.00\n") == platform.machine()


def test_memory_agrees_with_the_system():
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    assert machine.memory_gib(open("/proc/meminfo").read()) == pytest.approx(pages, rel=0.01)  # noqa: SIM115 (one read)
    assert machine.memory_gib("") == 0


def test_spread_is_zero_for_a_steady_machine_and_grows_with_the_slow_rounds():
    assert machine.spread([2.0] * 10) == 0
    assert machine.spread([1.0, 1.0, 1.5]) == 0
    assert machine.spread([1.0] * 5 + [1.5] * 5) == pytest.approx(0.5)


def test_timed_asks_the_clock_around_the_work():
    ticks = iter([10.0, 12.5])
    assert machine.timed(lambda: None, lambda: next(ticks)) == 2.5


def test_facts_name_this_kernel_and_its_noise():
    lines = machine.facts()
    assert any(platform.release() in line for line in lines)
    assert "spread" in lines[-1]


def test_after_prints_only_what_can_have_changed(capsys, monkeypatch):
    monkeypatch.setattr(machine, "facts", lambda: ["processor", "load", "noise"])
    machine.main(["--after"])
    assert capsys.readouterr().out == "load\nnoise\n"
    machine.main([])
    assert capsys.readouterr().out == "processor\nload\nnoise\n"
