"""The walk in the kernel against one over ``/proc``: who of a run is alive, and under which name."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from collectors.identity import process_key_from_proc
from collectors.interface import Run

pytestmark = pytest.mark.kernel


def test_members_are_those_that_a_walk_over_proc_finds(sensor, tmp_path):
    number = sensor.add_run(Run("members", None))
    long = tmp_path / ("a-program-of-a-name-that-is-longer-than-31-bytes-" + "x" * 20)
    long.symlink_to("/bin/sleep")
    copy = tmp_path / ("b" * 40)
    copy.write_bytes(Path("/bin/sleep").read_bytes())
    copy.chmod(0o755)
    script = f"read _; setsid sleep 50 & (sleep 50 & ); {long} 50 & {copy} 50 & true & read _"
    child = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE)
    try:
        assert sensor.members(number) == []
        sensor.tag(child.pid, number)
        assert [pid for pid, _ in sensor.members(number)] == [child.pid]
        child.stdin.write(b"go\n")
        child.stdin.flush()
        deadline = time.monotonic() + 10
        while len(found := [name for name in sensor.programs(number).values() if name != "dash"]) < 4:
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        truth = [p for p in psutil.process_iter() if p.status() != "zombie" and sensor.tagged(p.pid) == number]
        assert sorted(sensor.members(number)) == sorted((p.pid, process_key_from_proc(p.pid)) for p in truth)
        assert sensor.programs(number) == {p.pid: Path(p.exe()).name[:31] for p in truth}
        assert sensor.members(number + 1) == []
    finally:
        for pid, _ in sensor.members(number):
            os.kill(pid, 9)
        child.wait()
    wait_for(lambda: sensor.members(number) == [])


def test_a_process_whose_leader_has_ended_is_a_member_while_a_thread_runs(sensor):
    number = sensor.add_run(Run("leaderless", None))
    script = (
        "import ctypes, threading, sys, time\n"
        "sys.stdin.readline()\n"
        "threading.Thread(target=time.sleep, args=(50,)).start()\n"
        "ctypes.CDLL(None).syscall(60, 0)\n"  # exit of this thread alone
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    try:
        sensor.tag(child.pid, number)
        child.stdin.write(b"go\n")
        child.stdin.flush()
        wait_for(lambda: psutil.Process(child.pid).status() == "zombie")
        assert [pid for pid, _ in sensor.members(number)] == [child.pid]
    finally:
        child.kill()
    wait_for(lambda: sensor.members(number) == [])
    child.wait()


def test_more_members_than_one_read_of_the_kernel_holds(sensor):
    number = sensor.add_run(Run("many", None))
    script = "read _; i=0; while [ $i -lt 1500 ]; do sleep 50 & i=$((i+1)); done; echo all; read _"
    child = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        sensor.tag(child.pid, number)
        child.stdin.write(b"go\n")
        child.stdin.flush()
        assert child.stdout.readline() == b"all\n"
        children = {p.pid for p in psutil.Process(child.pid).children()}
        assert len(children) == 1500
        assert sorted(pid for pid, _ in sensor.members(number)) == sorted(children | {child.pid})
    finally:
        for pid, _ in sensor.members(number):
            os.kill(pid, 9)
        child.wait()


def wait_for(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
