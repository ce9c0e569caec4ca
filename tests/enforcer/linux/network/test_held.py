"""Sockets of a process as ``/proc`` shows them; the truth is what the process itself says it has."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from enforcer.linux import cgroupfs
from enforcer.linux.network import held

LIBC = ctypes.CDLL(None, use_errno=True)


def inode(found):
    return os.fstat(found.fileno()).st_ino


def all_of(pid):
    with held.opened(pid) as process:
        return [one for _, found in held.sockets(process) for one in found]


@pytest.fixture
def pair():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_every_socket_of_ours_is_found_and_nothing_else(pair, tmp_path):
    with (tmp_path / "file").open("w") as file, socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        found = {one.fd: one.inode for one in all_of(os.getpid())}
        for made in (*pair, tcp, udp):
            assert found[made.fileno()] == inode(made)
        assert file.fileno() not in found


def test_a_child_holds_what_it_inherited(pair):
    child = subprocess.Popen(["sleep", "60"], pass_fds=[pair[0].fileno()])
    try:
        assert all_of(child.pid) == [held.Held(pair[0].fileno(), inode(pair[0]))]
    finally:
        child.kill()
        child.wait()


def test_one_table_is_read_once_however_many_threads_share_it(pair):
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    with held.opened(os.getpid()) as process:
        assert len(process.threads) >= 6
        assert [thread for thread, _ in held.sockets(process)] == [os.getpid()]
    stop.set()
    for thread in threads:
        thread.join()


def test_the_table_of_a_thread_of_its_own_is_read(monkeypatch):
    ready, stop, made = threading.Event(), threading.Event(), []

    def act():
        LIBC.unshare(0x400)  # CLONE_FILES
        with socket.socket() as own:
            made.append((threading.get_native_id(), own.fileno(), inode(own)))
            ready.set()
            stop.wait()

    thread = threading.Thread(target=act)
    thread.start()
    ready.wait()
    (native, fd, number) = made[0]
    try:
        with held.opened(os.getpid()) as process:
            tables = dict(held.sockets(process))
            assert held.Held(fd, number) in tables[native]
            assert number not in [one.inode for one in tables[os.getpid()]]
            monkeypatch.setattr(held, "_KCMP", None)  # a processor that we have no number for: all are read
            assert set(dict(held.sockets(process))) == set(process.threads)
    finally:
        stop.set()
        thread.join()


def test_who_has_ended_is_nobody():
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with held.opened(child.pid) as zombie:
        assert zombie is None
    child.wait()
    with held.opened(child.pid) as gone:
        assert gone is None


def test_a_dead_leader_with_a_live_thread_is_a_process():
    script = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start(); print(1, flush=True)\n"
        "ctypes.CDLL(None).syscall(60 if __import__('platform').machine() == 'x86_64' else 93, 0)"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    child.stdout.readline()
    try:
        until = time.monotonic() + 5
        while ") Z" not in Path(f"/proc/{child.pid}/stat").read_text():
            assert time.monotonic() < until
        with held.opened(child.pid) as process:
            assert process is not None
            assert len(process.threads) == 2
    finally:
        child.kill()
        child.communicate()


def test_nothing_is_read_of_a_process_that_ends_meanwhile(pair):
    child = subprocess.Popen(["sleep", "60"], pass_fds=[pair[0].fileno()])
    with held.opened(child.pid) as process:
        child.kill()
        child.wait()
        assert [found for _, found in held.sockets(process)] == [[]]


def test_the_cgroup_is_that_of_proc_and_below_means_below():
    with held.opened(os.getpid()) as process:
        assert process.cgroup == cgroupfs.own_cgroup(Path("/proc/self/cgroup").read_text())
    made = held.Process(1, -1, [1], "/lictor/run-1/inner")
    assert made.below("/lictor/run-1")
    assert made.below("/lictor/run-1/inner")
    assert made.below("/")
    assert not made.below("/lictor/run")
    assert not made.below("/lictor/run-1/inner/deeper")


def test_others_who_hold_a_socket_are_found(pair):
    child = subprocess.Popen(["sleep", "60"], pass_fds=[pair[0].fileno()])
    try:
        wanted = {inode(pair[0])}
        assert held.others(wanted, set(), 10) == (sorted({os.getpid(), child.pid}), True)
        assert held.others(wanted, {child.pid}, 10) == ([os.getpid()], True)
        assert held.others({inode(pair[1])}, {os.getpid()}, 10) == ([], True)
        assert held.others(wanted, set(), -1) == ([], False)
    finally:
        child.kill()
        child.wait()


def test_no_descriptor_of_ours_is_left_open(pair):
    before = len(os.listdir("/proc/self/fd"))
    all_of(os.getpid())
    held.others({1}, set(), 10)
    assert len(os.listdir("/proc/self/fd")) == before
