"""Probes of bpf(2) against what the system itself says, and that they leave nothing behind."""

import errno
import os
import platform
from pathlib import Path

import pytest

from lictor.probes import bpf
from lictor.probes.check import FAIL, OK


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("probe", bpf.PROBES)
def test_a_probe_leaves_no_descriptor_behind(probe):
    before = descriptors()
    check = probe()
    assert descriptors() == before
    assert check.state == OK or check.fix


def test_a_map_that_was_made_is_one_for_the_kernel_too():
    try:
        descriptor = bpf._map(2, 4, 4, 1)
    except OSError as error:
        pytest.skip(f"bpf(2) is refused here: {error.strerror}")
    info = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    os.close(descriptor)
    assert "map_type:\t2" in info
    assert "max_entries:\t1" in info


def test_a_refused_program_is_told_with_its_error():
    check = bpf._tried("nonsense", lambda: bpf._load(17, 0, b"\xff" * 8), "loaded", FAIL, "costs")
    assert check.state == FAIL
    assert "refused: " in check.found
    assert any(name in check.found for name in ("EINVAL", "EPERM", "EACCES", "ENOSYS"))


@pytest.mark.parametrize(
    ("system", "release", "state"),
    [
        ("Linux", "6.18.44-fc", OK),
        ("Linux", "5.15.0-generic", OK),
        ("Linux", "5.4.0", FAIL),
        ("Linux", "4.18.0-553.el8", FAIL),
        ("Windows", "11", FAIL),
    ],
)
def test_the_oldest_kernel_is_5_15(monkeypatch, system, release, state):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "release", lambda: release)
    assert bpf.kernel_release().state == state


def test_a_machine_of_unknown_kind_is_told(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(OSError, match="vax") as caught:
        bpf._map(2, 4, 4, 1)
    assert caught.value.errno == errno.ENOSYS


def test_missing_btf_is_a_failed_check(monkeypatch, tmp_path):
    monkeypatch.setattr(bpf, "_BTF", tmp_path / "vmlinux")
    assert bpf.kernel_types().state == FAIL
