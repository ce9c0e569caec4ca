"""A runtime folder that other users can reach, services that only keep a book, and people who ask them over the real socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lictor.control.peers import may_see, refusal
from lictor.control.server import ControlServer

NOBODY, GROUP = 65534, 54321

BECOME = """\
import json, os, socket, sys
def become(user, group, groups=()):
    os.setgroups(groups)
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
"""
"""Begins a script that goes on as another user: it starts as root, since Python itself may be closed to others."""

AS_TOLD = f"""\
{BECOME}
if len(sys.argv) > 2:
    become(*json.loads(sys.argv[2]))
"""
"""The same, at once, as its second argument says."""

_ASK = f"""\
{AS_TOLD}
asking = socket.socket(socket.AF_UNIX)
asking.settimeout(10)
asking.connect(sys.argv[1])
try:
    asking.sendall(sys.stdin.buffer.read())
except BrokenPipeError:
    pass  # turned away before it said anything
said = b""
while not said.endswith(b"\\n") and (piece := asking.recv(65536)):
    said += piece
sys.stdout.buffer.write(said)
"""

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="no root: nobody else can be asked as, and nothing be decided"
)


@pytest.fixture
def runtime(monkeypatch):
    """The runtime folder, not made yet; pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="lictor-control-") as folder:
        os.chmod(folder, 0o755)
        monkeypatch.setenv("LICTOR_RUNTIME", f"{folder}/runtime")
        yield Path(folder, "runtime")


class Book:
    """Stands for a service: it has runs (id: user id) and questions (id: run), does nothing, and notes what it should do."""

    def __init__(self, runs=(), holds=(), enforcement="confirmed"):
        self.runs, self.holds = dict(runs), dict(holds)
        self.enforcement = enforcement
        self.asked, self.peers = [], []

    def answer(self, request, peer):
        """As a service answers: refused, or what it has, or what was done."""
        self.peers.append(peer)
        if request.do == "status":
            return self._shown([{"run": run, "uid": uid} for run, uid in self.runs.items()], peer)
        if request.do == "held":
            return self._shown([{"hold": hold, "run": run} for hold, run in self.holds.items()], peer)
        run = self.holds.get(request.name, request.name)
        if run not in self.runs:
            return {"ok": False, "error": f"{request.name} fits no runs here"}
        why = refusal(peer, self.runs[run])
        if why:
            return {"ok": False, "error": why}
        self.asked.append(request)
        row = {"id": request.name, "deed": request.do, "enforcement": self.enforcement, "evidence": "seen by a test"}
        return {"ok": True, "rows": [row]}

    def _shown(self, rows, peer):
        return {"ok": True, "rows": [row for row in rows if may_see(peer, self.runs[row["run"]])]}


@contextmanager
def served(book, is_agent=lambda _pid: False, **options):
    """A service of the book's in a thread; its server."""
    server = ControlServer(book.answer, is_agent, **options)
    ending = threading.Event()

    def serve():
        while not ending.is_set():
            server.poll()
            time.sleep(0.002)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        ending.set()
        thread.join()
        server.close()


def ask_as(path, request, *who):
    """The answer that a process gets over the socket; ``who`` is user, group and list of more groups, if not as we are."""
    line = request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n"
    command = [sys.executable, "-ISc", _ASK, str(path), *([json.dumps(who)] if who else [])]
    done = subprocess.run(command, input=line, capture_output=True, timeout=30, check=True, cwd="/")
    return json.loads(done.stdout) if done.stdout else None


def wait_until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)
