"""The fields of a process as ``/proc`` has them, against what the system says by other ways."""

from __future__ import annotations

import os
import shutil
import subprocess

import psutil
import pytest

from lictor.telling.proc import place_of


def test_this_process():
    place = place_of(os.getpid())
    assert (place.parent, place.session, place.dead) == (os.getppid(), os.getsid(0), False)
    started = psutil.boot_time() + place.start / os.sysconf("SC_CLK_TCK")
    assert abs(started - psutil.Process().create_time()) < 2


def test_a_terminal_has_its_device_number(on_terminal):
    one = on_terminal()
    number = os.stat(one.path).st_rdev
    assert place_of(one.pid).terminal == number & 0xFF | os.major(number) << 8 | (os.minor(number) & ~0xFF) << 12
    assert place_of(one.pid).session == one.pid


def test_no_terminal_is_nought(without_terminal):
    assert place_of(without_terminal).terminal == 0


@pytest.mark.parametrize("name", ["a b", "x) R 1 2 (y", ") ) )"])
def test_a_name_cannot_forge_fields(tmp_path, name):
    shutil.copy("/bin/sleep", tmp_path / name)
    with subprocess.Popen([tmp_path / name, "60"]) as process:
        try:
            assert place_of(process.pid).parent == os.getpid()
            assert place_of(process.pid).session == os.getsid(process.pid)
        finally:
            process.kill()


def test_a_zombie_is_dead_and_one_that_is_gone_is_none():
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert place_of(process.pid).dead
    assert place_of(process.pid) is None
