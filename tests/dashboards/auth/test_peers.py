"""Who is at the other end of a connection, asked of the kernel; truth from processes that became another user."""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from contextlib import contextmanager

import pytest

from dashboards.auth import peers

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
OTHER = 54321


def _connect(host, port, uid, done):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    os.setuid(uid)  # before: a socket is of who made it
    with socket.socket(family) as connection:
        connection.connect((host, port))
        done.wait(20)


@contextmanager
def connected(host, uid):
    """(client, server, end): a connection from a process of this user; ``end`` ends that process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        many = multiprocessing.get_context("fork")
        done = many.Event()
        child = many.Process(target=_connect, args=(host, listening.getsockname()[1], uid, done), daemon=True)
        child.start()
        listening.settimeout(20)
        accepted, client = listening.accept()

        def end():
            done.set()
            child.join(20)

        with accepted:
            yield client[:2], accepted.getsockname()[:2], end
        end()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("uid", [pytest.param(OTHER, marks=needs_root), os.getuid()])
def test_user_of_the_process_that_connected(host, uid):
    with connected(host, uid) as (client, server, _):
        assert peers.uid_of(client, server) == uid


@needs_root
def test_who_went_away_is_a_stranger_and_not_root():
    with connected("127.0.0.1", OTHER) as (client, server, end):
        end()
        until = time.monotonic() + 5
        while peers.uid_of(client, server) == OTHER and time.monotonic() < until:
            time.sleep(0.01)
        assert peers.uid_of(client, server) in {peers.STRANGER, None}


@pytest.mark.parametrize("client", [None, ("10.1.2.3", 5), ("testclient", 50000), ("", 0), ("2001:db8::1", 5)])
def test_other_machines_have_no_user_here(client):
    assert peers.uid_of(client, ("127.0.0.1", 8501)) is None


def test_connection_that_is_not_there_has_none():
    assert peers.uid_of(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert peers.uid_of(("127.0.0.1", 1), None) is None


def test_kernel_that_does_not_tell_is_no_error(monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(peers, "_asked", refused)
    assert peers.uid_of(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    monkeypatch.setattr(peers, "_asked", lambda *_: b"")
    assert peers.uid_of(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
