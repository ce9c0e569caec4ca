"""A process of a run that does with sockets what a test tells it, a line of Python at a time."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import uuid
from contextlib import contextmanager

import pytest

from enforcer.linux.cgroup import CgroupError, RunCgroup
from enforcer.linux.isolation import Isolation

SCRIPT = """
import array, ctypes, errno, json, os, socket, struct, sys, threading, time
socket.setdefaulttimeout(None)
names = dict(globals())
for line in sys.stdin:
    line = json.loads(line)
    try:
        try:
            answer = eval(line, names)
        except SyntaxError:
            answer = exec(line, names)
        if isinstance(answer, bytes): answer = answer.decode()
        if not isinstance(answer, (int, str, list, tuple, type(None))): answer = str(type(answer))
    except OSError as error:
        answer = errno.errorcode.get(error.errno, str(error))
    print(json.dumps(answer), flush=True)
"""


class Talker:
    """``talker("s.send(b'x')")`` gives the value, or the name of the error number."""

    def __init__(self, group: RunCgroup | None = None, *, before: tuple[str, ...] = (), **popen: object):
        self.process = subprocess.Popen(
            [*before, sys.executable, "-I", "-c", SCRIPT],
            preexec_fn=(lambda: group.add(0)) if group is not None else None,  # noqa: PLW1509 - tests have no threads then
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, **popen,
        )  # fmt: skip

    @property
    def pid(self):
        return self.process.pid

    def __call__(self, line: str):
        self.begin(line)
        return self.end()

    def begin(self, line: str) -> None:
        """Say it without waiting for the answer."""
        self.process.stdin.write(json.dumps(line) + "\n")

    def end(self):
        """The answer."""
        return json.loads(self.process.stdout.readline())

    def connect(self, address, name="s", protocol=0):
        """A TCP connection under a name."""
        family = "AF_INET6" if ":" in address[0] else "AF_INET"
        self(f"{name} = socket.socket(socket.{family}, socket.SOCK_STREAM, {protocol}); {name}.settimeout(5)")
        return self(f"{name}.connect({tuple(address[:2])!r})")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()


@contextmanager
def run_group():
    """A cgroup of a run of our own, emptied and removed at the end."""
    try:
        group = RunCgroup.create(f"test-{uuid.uuid4().hex[:12]}")
    except CgroupError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    with group:
        try:
            yield group
        finally:
            group.kill()
            group.wait_empty(5)


class Tag:
    """The sensor's part, told and asked: what is refused by tag is not tried here."""

    def __init__(self):
        self.on = False

    def mark(self, wanted: bool) -> None:
        self.on = wanted

    def marked(self) -> bool:
        return self.on


@contextmanager
def isolation(group: RunCgroup, *talkers: Talker, **options: object):
    """An ``Isolation`` of a group and of these talkers, wherever they are."""
    tag = Tag()
    made = Isolation(
        group, lambda: [t.pid for t in talkers if t.process.poll() is None], tag.mark, tag.marked, **options
    )
    try:
        yield made
    finally:
        made.close()


def listener(host: str) -> socket.socket:
    """A TCP listener of ours on a free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.create_server((host, 0), family=family, backlog=64)
    made.settimeout(5)
    return made


def received(connection: socket.socket, seconds: float = 0.3):
    """What comes next: the bytes, ``b""`` at an orderly end, or the name of what ended or did not come."""
    connection.settimeout(seconds)
    try:
        return connection.recv(100)
    except TimeoutError:
        return "silence"
    except ConnectionResetError:
        return "reset"
