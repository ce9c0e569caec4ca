"""Why BCC cannot be used, reason by reason; that it can be is seen by the collector itself."""

from __future__ import annotations

import pytest

from collectors.bcc import source
from collectors.bcc.collector import BccCollector
from collectors.bcc.machine import Headers
from collectors.interface import Wanted


@pytest.fixture
def installed(monkeypatch, tmp_path):
    monkeypatch.setattr(source, "bcc_path", lambda: tmp_path)
    monkeypatch.setattr(source, "headers", Headers)
    monkeypatch.setattr(source, "_refusal", lambda: None)


def test_where_all_is_there_it_can_be_used(installed):
    assert source.usable() is None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("bcc_path", lambda: None, "BCC is not installed"),
        ("headers", lambda: None, "no kernel headers"),
        ("_refusal", lambda: "the kernel refuses", "the kernel refuses"),
    ],
)
def test_what_is_missing_is_named(installed, monkeypatch, name, value, reason):
    monkeypatch.setattr(source, name, value)
    assert reason in source.usable()


def test_another_machine_is_named(installed, monkeypatch):
    monkeypatch.setattr(source.platform, "machine", lambda: "aarch64")
    assert "x86-64 only" in source.usable()


def test_the_kernel_is_tried_and_nothing_is_left(bcc):
    bcc()
    assert source._refusal() is None


def test_it_builds_a_collector_that_is_not_open_yet():
    assert isinstance(source.build(Wanted()), BccCollector)
