"""A batch over one TCP or TLS connection, and how far it is known to have arrived.

Syslog has no acknowledgement. What a sender can see is the end of the connection: it says that it is done, and a
receiver that has read everything closes its side. One that was killed with data unread answers with a reset instead.
So each batch has a connection of its own and counts as delivered when that came to a good end. One case stays unseen:
a receiver that ends its own side early, takes our end, and dies only then; TCP has no packet left to tell of it.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PART = 1 << 18
"""Bytes given to the socket at once: between two parts the deadline is looked at."""


class Stream:
    """The way to one receiver."""

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, server_name: str | None = None,
        timeout: float, clock: Callable[[], float],
    ) -> None:  # fmt: skip
        """``timeout`` in seconds is for a whole batch; ``server_name`` is what the certificate must be for."""
        self._peer = host, port
        self._tls = tls
        self._server_name = server_name or host
        self._timeout = timeout
        self._clock = clock
        self._session: ssl.SSLSession | None = None

    def deliver(self, data: memoryview) -> None:
        """Connect, send everything, and wait until the receiver has read it; raises ``OSError``."""
        deadline = self._clock() + self._timeout
        with self._connected(deadline) as sock:
            self._send(sock, data, deadline)
            self._end(sock, deadline)

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _connected(self, deadline: float) -> socket.socket:
        sock = socket.create_connection(self._peer, timeout=self._left(deadline))
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                return sock
            sock.settimeout(self._left(deadline))
            return self._tls.wrap_socket(sock, server_hostname=self._server_name, session=self._session)
        except BaseException:
            sock.close()
            raise

    def _send(self, sock: socket.socket, data: memoryview, deadline: float) -> None:
        for start in range(0, len(data), _PART):
            sock.settimeout(self._left(deadline))
            sock.sendall(data[start : start + _PART])

    def _end(self, sock: socket.socket, deadline: float) -> None:
        """Say that nothing more comes, then wait for the other side's end; a reset is raised."""
        sock.settimeout(self._left(deadline))
        if isinstance(sock, ssl.SSLSocket):
            self._session = sock.session
            # Few syslog receivers answer close_notify with their own, as RFC 5425 §4.4 wants; the end of TCP is what counts.
            with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
                sock = sock.unwrap()
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
            # Linux says this of a connection that was reset after the last byte went out. Reading would call it a good
            # end where the receiver had ended its own side before the reset.
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error
        while True:
            sock.settimeout(self._left(deadline))
            if not socket.socket.recv(sock, 4096):
                return
