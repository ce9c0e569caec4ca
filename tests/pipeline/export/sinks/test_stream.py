"""One batch over one connection: what a good end is, and what is none."""

from __future__ import annotations

import socket
import struct
import threading
import time

import pytest

from pipeline.export.sinks.stream import Stream


@pytest.fixture
def server():
    """Runs a function on the first connection; gives the port and what it returned."""
    listener = socket.create_server(("127.0.0.1", 0))
    results = []

    def start(behave, clock=time.monotonic):
        def run():
            connection, _ = listener.accept()
            with connection:
                results.append(behave(connection))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return Stream("127.0.0.1", listener.getsockname()[1], timeout=3, clock=clock), results, thread

    yield start
    listener.close()


def everything(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_receiver_that_reads_to_the_end_has_everything(server):
    stream, results, thread = server(everything)
    data = b"x" * 3_000_000
    stream.deliver(memoryview(data))
    thread.join(5)
    assert results == [data]


def test_receiver_that_ends_with_data_unread_is_an_error(server):
    stream, _, _ = server(lambda _: time.sleep(0.3))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        stream.deliver(memoryview(b"x" * 100_000))


def reset(connection):
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_reset_is_an_error(server):
    stream, _, _ = server(reset)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        stream.deliver(memoryview(b"x" * 100_000))


@pytest.mark.parametrize(("half", "asked"), [(False, 4), (True, 4), (False, 5)])
def test_reset_behind_the_last_byte_is_an_error(server, half, asked):
    """The clock is asked a fourth time when all is sent, and a fifth when that is said: the reset falls in there."""
    calls = 0
    now = threading.Event()

    def behave(connection):
        if half:
            connection.shutdown(socket.SHUT_WR)
        now.wait(5)
        reset(connection)

    def clock():
        nonlocal calls
        calls += 1
        if calls == asked:
            now.set()
            thread.join(5)
            assert not thread.is_alive()
        return time.monotonic()

    stream, _, thread = server(behave, clock)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        stream.deliver(memoryview(b"x" * 100))
    assert now.is_set()


@pytest.mark.parametrize("behave", [lambda _: time.sleep(6), lambda c: (everything(c), time.sleep(6))])
def test_receiver_that_does_not_come_to_an_end_is_left_in_time(server, behave):
    stream, _, _ = server(behave)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        stream.deliver(memoryview(b"x" * 20_000_000))
    assert time.monotonic() - begun < 5


def test_nobody_there():
    with pytest.raises(ConnectionRefusedError):
        Stream("127.0.0.1", 1, timeout=3, clock=time.monotonic).deliver(memoryview(b"x"))
