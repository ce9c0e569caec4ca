"""The service's end of the sender: starts it, gives it messages without ever waiting, and sees to its end.

Messages go over a socket that keeps their bounds, so each arrives whole or not at all. What the sender cannot take now
is refused, and the caller decides what of it still matters a second later.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

THROUGH, STUCK = b"1", b"0"
"""What the sender says of its last attempt."""
END_S = 2.0
"""How long the end of the service may be held up."""
_LAST_S = 0.5
_BUFFER = 1 << 20
_CODE = Path(__file__).resolve().parents[2]


class Sending:
    """A sender process for one receiver."""

    def __init__(self, endpoint: str, lake: Path) -> None:
        """``endpoint`` is the receiver's base URL; the export status below ``lake`` is sent along."""
        self._arguments = [endpoint, str(lake)]
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._through = True

    def open(self) -> None:
        """Start it; it loads its libraries while the service goes on."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        with its:
            # -P: the agent's workspace is the working directory, and no module is to be taken from there.
            command = [sys.executable, "-P", "-s", "-m", "lictor.observing.sender", str(its.fileno()), *self._arguments]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[its.fileno()],
                cwd="/", env={**os.environ, "PYTHONPATH": str(_CODE)},
                start_new_session=True,  # a terminal's Ctrl-C is for the service, which tells it the rest
            )  # fmt: skip
        self._socket = ours

    def send(self, message: dict[str, Any], *, wait: bool = False) -> bool:
        """Whether the message was taken; without ``wait`` at once, with it after half a second at most."""
        if self._socket is None:
            return False
        self._socket.settimeout(_LAST_S if wait else 0.0)
        try:
            self._socket.send(json.dumps(message).encode())
        except OSError:  # no room, or the sender is gone: it has told why
            return False
        return True

    def gets_through(self) -> bool:
        """Whether the receiver took what was sent last, as far as the sender has said; true before it says anything."""
        if self._socket is not None:
            self._socket.setblocking(False)
            with suppress(OSError):
                while said := self._socket.recv(1):
                    self._through = said == THROUGH
        return self._through

    def close(self) -> None:
        """Let it send what it has, and end it: after two seconds, or at once where nobody takes it; safe to call twice."""
        patience = END_S - _LAST_S if self.gets_through() else 0.0
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process = None
