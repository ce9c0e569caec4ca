"""What the compiling process hands over, what it leaves behind, and how it is told when it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.bcc import loading
from collectors.bcc.machine import Headers
from collectors.interface import CollectorError
from collectors.kernel.libbpf import KernelRefusalError

SMALL = {"events": 1 << 16, "priority": 1 << 15, "strings": 1 << 16}


def machine():
    """What of the machine could have been touched."""
    modules = Path("/lib/modules")
    return (
        Path("/proc/self/mountinfo").read_text(),
        sorted(str(p) for p in modules.glob("*/*")),
        sorted(os.listdir("/sys/kernel/tracing")),
        len(os.listdir("/proc/self/fd")),
    )


def test_programs_outlive_the_process_that_loaded_them_and_nothing_of_the_machine_is_touched(bcc):
    bcc()  # skips where it cannot be
    before = machine()
    loaded = loading.load(SMALL, 2)
    try:
        assert loaded.map("tags").lookup(b"\1\0\0\0", 32) is None
        loaded.map("tags").update(b"\1\0\0\0", b"\0" * 32)
        assert loaded.map("tags").lookup(b"\1\0\0\0", 32) == b"\0" * 32
        assert loaded.missed() == 0
        handed = [fd for some in loaded._descriptors.values() for fd in some.values()]
        assert len(handed) > 20
        assert not any(os.get_inheritable(fd) for fd in handed), "an agent that we start would have them"
        with pytest.raises(KernelRefusalError, match="no map nothing"):
            loaded.map("nothing")
    finally:
        loaded.close()
        loaded.close()
    assert machine() == before


def test_a_refusal_is_one_line_and_leaves_nothing_open(bcc):
    bcc()
    before = machine()
    with pytest.raises(KernelRefusalError, match="BCC could not compile or load its programs") as raised:
        loading.load({**SMALL, "events": 3 * 4096}, 2)  # no power of two
    assert "\n" not in str(raised.value)
    assert machine() == before


def test_headers_that_are_none_are_told(bcc, monkeypatch, tmp_path):
    bcc()
    monkeypatch.setattr(loading, "headers", lambda: Headers(tmp_path, tmp_path))
    with pytest.raises(KernelRefusalError, match="error"):
        loading.load(SMALL, 2)


def test_what_is_not_installed_is_told_with_the_packages(monkeypatch):
    monkeypatch.setattr(loading, "bcc_path", lambda: None)
    with pytest.raises(CollectorError, match="apt install python3-bpfcc linux-headers-amd64"):
        loading.load(SMALL, 2)
