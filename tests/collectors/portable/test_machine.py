from __future__ import annotations

import os
import subprocess
import time

import pytest

from collectors.identity import boot_id, process_key_from_proc
from collectors.portable import machine


def test_on_linux_a_process_has_the_key_that_every_source_gives_it():
    who = machine.identify(os.getpid())
    assert (who.key, who.parent_pid, who.dead) == (process_key_from_proc(os.getpid()), os.getppid(), False)
    assert machine.origin().boot_id == boot_id()


def test_without_proc_a_process_has_one_key_as_long_as_it_lives_and_others_have_others():
    child = subprocess.Popen(["sleep", "60"])
    try:
        first = machine._by_psutil(child.pid)
        assert first == machine._by_psutil(child.pid)
        assert first.parent_pid == os.getpid()
        assert first.key != machine._by_psutil(os.getpid()).key
    finally:
        child.kill()
        child.wait()
    with pytest.raises(ProcessLookupError):
        machine._by_psutil(child.pid)


@pytest.mark.parametrize("look", [machine.identify, machine._by_psutil])
def test_a_zombie_is_dead(look):
    child = subprocess.Popen(["true"])
    deadline = time.monotonic() + 5
    while not look(child.pid).dead and time.monotonic() < deadline:
        time.sleep(0.01)
    assert look(child.pid).dead
    child.wait()


def test_the_boot_clock_is_behind_by_when_the_machine_started():
    assert machine.boot_offset_ns() == pytest.approx(
        time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME), abs=10**8
    )
