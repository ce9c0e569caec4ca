"""Counts living processes of a tree from outside: each one holds a connection, which the system closes when it ends.

Wine 8 loses the socket of a process that is ended in the middle of a send (some 1 in 200) and never closes it. Under Wine a connection therefore
counts only while the kernel of the host shows a process that was started for this port.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from pathlib import Path

HOST = Path("Z:\\proc")
"""The host's ``/proc`` as Wine shows it; not there on Windows."""


class Count:
    """Listens on a port; ``tree.exe`` processes connect to it."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._server.setblocking(False)
        self.port = self._server.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)
        self.pids: dict[socket.socket, int] = {}
        """Connection → pid, of processes that live."""
        self.bytes = 0
        self._heard: set[socket.socket] = set()

    def look(self, seconds: float = 0.0) -> int:
        """Take in what has come, for so many seconds; how many processes live."""
        deadline = time.monotonic() + seconds
        while True:
            ready = self._selector.select(max(min(deadline - time.monotonic(), 0.05), 0))
            for key, _ in ready:
                self._accept() if key.fileobj is self._server else self._read(key.fileobj)
            if not ready and time.monotonic() >= deadline:
                return len(self.pids)
            if time.monotonic() > deadline + 5:  # dots never end while somebody lives
                return len(self.pids)
            if time.monotonic() >= deadline and all(key.fileobj is not self._server for key, _ in ready):
                return len(self.pids)

    def living(self) -> int:
        """How many live, connections that Wine has lost left out."""
        connected = len(self.pids)
        return min(connected, self._on_host()) if connected and HOST.is_dir() else connected

    def _on_host(self) -> int:
        found = 0
        for entry in HOST.iterdir():
            with contextlib.suppress(OSError):
                found += entry.name.isdigit() and str(self.port).encode() in (entry / "cmdline").read_bytes().split(
                    b"\0"
                )
        return found

    def wait_for(self, least: int, seconds: float) -> bool:
        """Whether at least so many are connected within the time: for a tree that grows."""
        deadline = time.monotonic() + seconds
        while self.look() < least:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def wait(self, wanted: int, seconds: float) -> bool:
        """Whether exactly so many live within the time."""
        deadline = time.monotonic() + seconds
        while self.look(0.01) != wanted and self.living() != wanted:
            if time.monotonic() > deadline:
                return False
        if not wanted:
            self._forget_lost()
        return True

    def _forget_lost(self):
        """Nobody lives: what is still connected, Wine has lost, and a later tree is not to be counted with it."""
        for connection in list(self.pids):
            self._end(connection)

    def _end(self, connection):
        self._selector.unregister(connection)
        del self.pids[connection]
        connection.close()

    def dots(self, seconds: float) -> int:
        """Bytes that come within so many seconds, once all that was under way has been taken in."""
        self.look(0.2)
        before = self.bytes
        self.look(seconds)
        return self.bytes - before

    def speaking(self, seconds: float) -> int:
        """How many different processes send something within so many seconds, once all that was under way has been taken in."""
        self.look(0.05)
        self._heard.clear()
        self.look(seconds)
        return len(self._heard & self.pids.keys())

    def close(self):
        for connection in list(self.pids):
            connection.close()
        self._server.close()
        self._selector.close()

    def _accept(self):
        with contextlib.suppress(BlockingIOError):
            connection, _ = self._server.accept()
            connection.settimeout(5)
            hello = b""
            while not hello.endswith(b"\n"):
                hello += connection.recv(1)
            connection.setblocking(False)
            self.pids[connection] = int(hello)
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection):
        try:
            data = connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.bytes += len(data)
        self._heard.add(connection)
        if not data:
            self._end(connection)
