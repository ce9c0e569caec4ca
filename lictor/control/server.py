"""The service's end of the socket: asked now and then by its one thread, and never waiting for anybody.

Everybody may connect, an agent too. So nobody can take all the places: whoever belongs to a run is turned away at
once, each other user has a few places, and root always finds one. What goes wrong in an answer is told and survived.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

from lictor.control import sockets
from lictor.control.messages import LARGEST, LOOKS, SWITCH, Answer, Request, packed, refused, request_of
from lictor.control.peers import Peer, credentials, group_id, peer_of, refusal
from lictor.control.switching import switched
from lictor.errors import is_expected
from lictor.runtime import control_dir, made

CLIENTS = 16
CLIENTS_OF_A_USER = 4
"""Of each but root."""
CLIENTS_OF_USERS = 12
"""Of all but root together."""
PATIENCE_S = 2.0
"""How long a client may take for its request, and to take its answer."""
GROUP_S = 10.0
"""How long the number of the group is remembered: looking it up may ask another machine."""


class _Client:
    """One connection."""

    def __init__(self, connection: socket.socket, peer: Peer) -> None:
        self.connection = connection
        self.peer = peer
        self.heard = b""
        self.answer: bytes | None = None
        self.until = time.monotonic() + PATIENCE_S


class ControlServer:
    """Listens below the runtime folder; ``answer`` decides, ``is_agent`` tells whether a pid belongs to a run.

    ``follow`` makes the service look at the red switch now, and tells whether it is paused then; without it a
    service looks by itself.
    """

    def __init__(
        self,
        answer: Callable[[Request, Peer], Answer],
        is_agent: Callable[[int], bool],
        *,
        follow: Callable[[], bool] | None = None,
        group: Callable[[], int | None] = group_id,
    ) -> None:
        """Raises ``LictorError`` where the folder cannot be had, ``OSError`` where the socket cannot."""
        self._answer = answer
        self._is_agent = is_agent
        self._follow = follow
        self._group = group
        self._group_id: int | None = None
        self._group_until = -GROUP_S
        self._clients: list[_Client] = []
        folder = made(control_dir())
        sockets.sweep(folder)
        self._socket, self.path = sockets.listening(folder)

    def fileno(self) -> int:
        """The listening socket, which is readable when somebody connects."""
        return self._socket.fileno()

    def poll(self) -> None:
        """Take in what clients have sent, and answer; returns at once where there is nothing."""
        self._accept()
        for client in self._clients[:]:
            done = True
            with suppress(OSError):  # it went away
                done = self._serve(client)
            if done or time.monotonic() > client.until:
                client.connection.close()
                self._clients.remove(client)

    def close(self) -> None:
        """Listen no more, and remove the socket."""
        for client in self._clients:
            client.connection.close()
        self._clients = []
        self._socket.close()
        self.path.unlink(missing_ok=True)

    # Who comes in

    def _accept(self) -> None:
        for _ in range(CLIENTS):
            try:
                connection, _ = self._socket.accept()
            except OSError:  # nobody waits; or there are no descriptors left, which must not end the service
                return
            connection.setblocking(False)
            try:
                self._admit(connection)
            except (OSError, ValueError):
                connection.close()  # it has ended already

    def _admit(self, connection: socket.socket) -> None:
        _, uid, _ = credentials(connection)
        if not self._has_room(uid):
            self._turn_away(connection, "too many ask at once: try again")
            return
        peer = peer_of(connection, self._is_agent, self._deciders())
        why = refusal(peer) if peer.agent else None
        if why is not None:
            self._turn_away(connection, why)
        else:
            self._clients.append(_Client(connection, peer))

    def _has_room(self, uid: int) -> bool:
        if uid == 0:
            return len(self._clients) < CLIENTS
        others = [client.peer.uid for client in self._clients if client.peer.uid != 0]
        return len(others) < CLIENTS_OF_USERS and others.count(uid) < CLIENTS_OF_A_USER

    @staticmethod
    def _turn_away(connection: socket.socket, why: str) -> None:
        with suppress(OSError):
            connection.send(packed(refused(why)))
        connection.close()

    def _deciders(self) -> int | None:
        now = time.monotonic()
        if now >= self._group_until:
            self._group_id, self._group_until = self._group(), now + GROUP_S
        return self._group_id

    # What they get

    def _serve(self, client: _Client) -> bool:
        """One step of one client; whether it is done with."""
        if client.answer is None:
            with suppress(BlockingIOError):
                piece = client.connection.recv(LARGEST + 1)
                if not piece:
                    return True
                client.heard += piece
            if b"\n" not in client.heard and len(client.heard) <= LARGEST:
                return False
            client.answer = packed(self._answered(client))
            client.until = time.monotonic() + PATIENCE_S
        with suppress(BlockingIOError):
            sent = client.connection.send(client.answer)
            client.answer = client.answer[sent:]
        return not client.answer

    def _answered(self, client: _Client) -> Answer:
        line, _, _ = client.heard.partition(b"\n")
        if len(line) > LARGEST:
            return refused(f"a request has at most {LARGEST} bytes")
        try:
            request = request_of(line)
        except ValueError as error:
            return refused(str(error))
        return self._done(request, client.peer)

    def _done(self, request: Request, peer: Peer) -> Answer:
        # Before anything is looked up: who may not decide learns not even whether there is such a run.
        why = None if request.do in LOOKS else refusal(peer)
        if why is not None:
            return refused(why)
        try:
            if request.do in SWITCH:
                return switched(request, peer, self._follow)
            return self._answer(request, peer)
        except Exception as error:  # noqa: BLE001 - whoever may ask could otherwise end enforcement by finding a defect
            if is_expected(error):
                return refused(str(error))
            traceback.print_exc()
            return refused(f"service {os.getpid()} could not answer ({type(error).__name__}); it has told why")
