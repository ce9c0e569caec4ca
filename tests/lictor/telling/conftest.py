"""Processes on real terminals, and a runtime folder of the test's own."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty
from dataclasses import dataclass
from pathlib import Path

import pytest

from collectors.identity import process_key_from_proc
from lictor.telling import believed
from lictor.telling.stopped import Stopped

TIOCGPTN = 0x80045430  # asm-generic/ioctls.h: the number of a master's terminal


def wait_until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Where runs have their folders; those of whoever runs the tests are believed."""
    monkeypatch.setenv("LICTOR_RUNTIME", str(tmp_path / "runtime"))
    monkeypatch.setattr(believed, "OWNER", os.geteuid())
    return tmp_path / "runtime"


@dataclass
class OnTerminal:
    """A process that leads a session on a terminal; ``master`` is the end that a person would look at."""

    pid: int
    master: int
    path: str

    @property
    def key(self):
        return process_key_from_proc(self.pid)

    def raw(self):
        """Let all bytes pass as they are."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(descriptor)
        os.close(descriptor)
        return self

    def set_flags(self, index, flag, on=True):
        """Set a flag of the terminal: ``index`` 0 input, 1 output, 3 local."""
        mode = termios.tcgetattr(self.master)
        mode[index] = mode[index] | flag if on else mode[index] & ~flag
        termios.tcsetattr(self.master, termios.TCSANOW, mode)

    def read(self, seconds=2.0):
        """What came to the person: up to the first pause of 50 ms after something came."""
        data, deadline = b"", time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.05 if data else 0.2)[0]:
                try:
                    data += os.read(self.master, 65536)
                except OSError:  # EIO: nobody has the terminal open any more
                    break
            elif data:
                break
        return data

    def silent(self):
        return not select.select([self.master], [], [], 0.2)[0]


@pytest.fixture
def on_terminal():
    """Function: a process on a terminal of its own, running Python code; ended after the test."""
    made = []

    def start(code="import time; time.sleep(60)"):
        pid, master = pty.fork()
        if pid == 0:
            os.execv(sys.executable, [sys.executable, "-S", "-c", code])
        number = struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, bytes(4)))[0]
        made.append(OnTerminal(pid, master, f"/dev/pts/{number}"))
        wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[4] != "0")
        return made[-1]

    yield start
    for one in made:
        os.close(one.master)
        try:
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass  # the test has waited for it


@pytest.fixture
def without_terminal():
    """A process that has no terminal; ended after the test."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def stopped():
    """Function: something that was stopped."""

    def make(what="/home/a/.ssh/id_ed25519", **more):
        fields = {
            "run": "run-1", "pid": None, "process_key": None, "operation": "file.read", "rule": "credentials",
            "action": "deny", "because": "Keys are private.", "instead": "Ask the broker.", **more,
        }  # fmt: skip
        return Stopped(object=what, **fields)

    return make
