"""Sockets in a folder, as the kernel sees them: living ones are kept, those of the dead go, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest

from lictor.control import sockets

_LISTENER = """\
import sys, time
from pathlib import Path
from lictor.control import sockets
listener, path = sockets.listening(Path(sys.argv[1]))
print(path, flush=True)
time.sleep(60)
"""


def soon():
    return time.monotonic() + 5


def dead(folder):
    """The socket of a process that was killed."""
    process = subprocess.Popen([sys.executable, "-c", _LISTENER, str(folder)], stdout=subprocess.PIPE, text=True)
    path = process.stdout.readline().strip()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert os.path.exists(path)
    return path


@pytest.fixture
def living(tmp_path):
    listener, path = sockets.listening(tmp_path)
    yield listener, path
    listener.close()


def test_everybody_may_connect_to_a_new_one(living, tmp_path):
    _, path = living
    status = path.stat()
    assert stat.S_ISSOCK(status.st_mode)
    assert status.st_mode & 0o777 == 0o666
    assert os.listdir(tmp_path) == [path.name]
    assert path.name.startswith(f"{os.getpid()}-")


def test_what_is_sent_arrives(living):
    listener, path = living
    with sockets.connected(path, soon()) as asking:
        asking.sendall(b"x")
        taken, _ = listener.accept()
        with taken:
            taken.setblocking(True)
            assert taken.recv(9) == b"x"


def test_it_does_not_wait_and_is_not_inherited(living):
    listener, _ = living
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert not os.get_inheritable(listener.fileno())


def test_a_path_may_be_longer_than_an_address(tmp_path):
    folder = tmp_path / ("d" * 200)
    folder.mkdir()
    listener, path = sockets.listening(folder)
    with listener, sockets.connected(path, soon()):
        assert listener.accept()[0].close() is None


def test_those_of_the_dead_are_removed_and_others_kept(living, tmp_path):
    _, path = living
    left = dead(tmp_path)
    assert sockets.is_dead(type(path)(left))
    assert not sockets.is_dead(path)
    sockets.sweep(tmp_path)
    assert os.listdir(tmp_path) == [path.name]


def test_half_made_ones_go_when_their_maker_is_gone(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    for pid in (gone.pid, os.getpid()):
        (tmp_path / f".{pid}-abc.new").touch()
    sockets.sweep(tmp_path)
    assert os.listdir(tmp_path) == [f".{os.getpid()}-abc.new"]


def test_one_that_is_not_there_is_dead(tmp_path):
    assert sockets.is_dead(tmp_path / "none.sock")


def test_nothing_is_left_where_none_can_be_made(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "rename", fail)
    with pytest.raises(OSError, match="No space"):
        sockets.listening(tmp_path)
    assert os.listdir(tmp_path) == []


def test_who_finds_no_room_waits_until_the_time_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "WAITING", 0)
    listener, path = sockets.listening(tmp_path)
    with listener, sockets.connected(path, soon()):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            sockets.connected(path, began + 0.2)
        assert 0.2 <= time.monotonic() - began < 2


def test_who_finds_no_room_gets_in_when_there_is_some(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "WAITING", 0)
    listener, path = sockets.listening(tmp_path)
    with listener, sockets.connected(path, soon()):
        later = threading.Timer(0.1, listener.accept)
        later.start()
        sockets.connected(path, soon()).close()
        later.join()


def test_only_sockets_are_found_in_order(tmp_path):
    for name in ("b.sock", "a.sock", ".c.new", "d"):
        (tmp_path / name).touch()
    assert [path.name for path in sockets.found([tmp_path])] == ["a.sock", "b.sock"]


def test_no_descriptor_is_left(living, tmp_path):
    _, path = living
    (tmp_path / "no.sock").touch()
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            sockets.connected(tmp_path / "no.sock", soon())
        sockets.connected(path, soon()).close()
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_time_that_is_over():
    assert 4 < sockets.left_until(soon()) <= 5
    with pytest.raises(TimeoutError):
        sockets.left_until(time.monotonic())


def test_a_socket_of_the_other_kind_is_no_answer(tmp_path):
    """A datagram socket under such a name: an error that is not taken for death."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(tmp_path / "x.sock"))
        with pytest.raises(OSError, match="wrong type"):
            sockets.is_dead(tmp_path / "x.sock")
        sockets.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["x.sock"]
