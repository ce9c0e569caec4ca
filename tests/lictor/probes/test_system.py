"""Probes of the system against /proc, and against texts of other machines."""

import os
from pathlib import Path

import pytest

from enforcer.linux.cgroupfs import CgroupError
from lictor.probes import system
from lictor.probes.check import FAIL, OK, WARN


def test_capabilities_are_read_bit_by_bit():
    everything = f"Name:\tx\nCapEff:\t{(1 << 41) - 1:016x}\n"
    assert system.capabilities(everything).state == OK
    without = f"CapEff:\t{(1 << 41) - 1 & ~(1 << 39):016x}\n"
    assert system.capabilities(without).found == "without CAP_BPF"
    assert system.capabilities("CapEff:\t0000000000000000\n").state == WARN


def test_this_process_has_the_rights_that_proc_says():
    held = int(
        next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")).split()[
            1
        ],
        16,
    )
    assert (system.capabilities().state == OK) == all(held >> bit & 1 for bit in system.NEEDED_CAPABILITIES.values())


def test_a_control_group_is_made_and_gone_again():
    check = system.control_group()
    left = [p for p in Path("/sys/fs/cgroup").rglob(f"doctor-{os.getpid()}") if p.is_dir()]
    assert left == []
    assert check.state in {OK, WARN, FAIL}
    if os.geteuid() == 0 and check.state == OK:
        assert "cgroup.kill" in check.found


def test_no_control_group_is_a_failed_check(monkeypatch):
    def refuse(_run):
        raise CgroupError("no cgroup v2 mount; mount one")

    monkeypatch.setattr(system.RunCgroup, "create", refuse)
    assert system.control_group()[1:3] == (FAIL, "no cgroup v2 mount")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("31 23 0:28 / /sys/kernel/tracing rw - tracefs tracefs rw", "tracefs mounted, bpffs not mounted"),
        ("31 23 0:28 / /sys/fs/bpf rw shared:1 - bpf bpf rw", "tracefs not mounted, bpffs mounted"),
        ("31 23 0:28 / /bpf rw - ext4 bpf rw", "tracefs not mounted, bpffs not mounted"),
    ],
)
def test_mounts_are_told_and_do_not_matter(line, said):
    check = system.other_mounts(line + "\n")
    assert check.state == OK
    assert check.found.startswith(said)


def test_landlock_and_fanotify_answer_and_leave_nothing():
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert system.landlock().state in {OK, FAIL}
    assert system.file_permission_events().state in {OK, WARN}
    assert len(list(Path("/proc/self/fd").iterdir())) == before
