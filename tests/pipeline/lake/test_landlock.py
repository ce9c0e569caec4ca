from __future__ import annotations

import json
import os
import socket

import pytest

from pipeline.lake import landlock

pytestmark = pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")

TRY = """
import ctypes, json, os, signal, socket, sys, threading
from pathlib import Path
from pipeline.lake import landlock
inside, outside, port, abstract = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def connect():
    with socket.socket() as s:
        s.connect(("127.0.0.1", port))

def bind():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))

def talk():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("\\0" + abstract)

def execute():
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)

def in_thread():
    found = []
    def work():
        try:
            found.append((outside / "secret").read_text())
        except OSError as error:
            found.append(error)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]

TRIES = {
    "read inside": lambda: (inside / "data").read_text(),
    "list inside": lambda: list(inside.iterdir()),
    "read outside": lambda: (outside / "secret").read_text(),
    "read outside by a link": lambda: (inside / "link").read_text(),
    "read by ..": lambda: (inside / ".." / outside.name / "secret").read_text(),
    "read by /proc/self/root": lambda: Path(f"/proc/self/root{outside}/secret").read_text(),
    "read outside in a thread": in_thread,
    "list outside": lambda: list(outside.iterdir()),
    "read /etc/passwd": lambda: Path("/etc/passwd").read_text(),
    "overwrite inside": lambda: (inside / "data").write_text("changed"),
    "append inside": lambda: os.open(inside / "data", os.O_WRONLY | os.O_APPEND),
    "truncate inside": lambda: os.truncate(inside / "data", 0),
    "create inside": lambda: (inside / "new").write_text("x"),
    "delete inside": lambda: (inside / "data").unlink(),
    "rename inside": lambda: (inside / "data").rename(inside / "other"),
    "link inside": lambda: os.link(inside / "data", inside / "hard"),
    "symlink inside": lambda: (inside / "soft").symlink_to("/"),
    "mkdir inside": lambda: (inside / "folder").mkdir(),
    "fifo inside": lambda: os.mkfifo(inside / "fifo"),
    "execute": execute,
    "connect": connect,
    "bind": bind,
    "abstract socket": talk,
    "signal the parent": lambda: os.kill(os.getppid(), 0),
}
abi = landlock.restrict([inside, Path("/nowhere/at/all")])
results = {}
for name, work in TRIES.items():
    try:
        work()
        results[name] = "done"
    except OSError as error:
        results[name] = error.errno
print(json.dumps([abi, results]))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory, request):
    base = tmp_path_factory.mktemp("landlock")
    inside, outside = base / "inside", base / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "data").write_text("data")
    (outside / "secret").write_text("secret")
    (inside / "link").symlink_to(outside / "secret")
    name = f"lictor-test-{os.getpid()}"
    python = request.getfixturevalue("run_python_once")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind("\0" + name)
        abstract.listen()
        done = python(TRY, inside, outside, server.getsockname()[1], name)
    assert done.returncode == 0, done.stderr
    abi, found = json.loads(done.stdout)
    return abi, found, sorted(p.name for p in inside.iterdir()), (inside / "data").read_text()


def test_reading_below_the_given_paths_goes_on(results):
    assert results[1].pop("read inside") == "done"
    assert results[1].pop("list inside") == "done"


@pytest.mark.parametrize("what", ["read outside", "read outside by a link", "read by ..", "read by /proc/self/root"])
def test_reading_elsewhere_is_refused(results, what):
    assert results[1][what] == 13


def test_nothing_is_done_that_is_not_reading_below_the_given_paths(results):
    abi, found, _, _ = results
    later = {"truncate inside": 3, "connect": 4, "bind": 4, "abstract socket": 6, "signal the parent": 6}
    done = {n for n, r in found.items() if r == "done" and later.get(n, 1) <= abi}
    assert done <= {"read inside", "list inside"}


def test_the_folder_is_as_it_was(results):
    assert results[2:] == (["data", "link"], "data")


def test_a_kernel_without_landlock_is_said(monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(OSError, match="no Landlock"):
        landlock.restrict([])


@pytest.mark.parametrize(("abi", "size"), [(1, 8), (2, 8), (3, 8), (4, 16), (5, 16), (6, 24), (7, 24), (99, 24)])
def test_asks_a_kernel_only_for_what_it_knows(abi, size):
    attribute, length = landlock._ruleset(abi)
    assert len(attribute) == length == size
    rights = int.from_bytes(attribute[:8], "little")
    assert rights.bit_length() == {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)
