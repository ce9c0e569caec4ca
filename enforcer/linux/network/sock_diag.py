"""NETLINK_SOCK_DIAG: the kernel's own list of TCP and UDP sockets, and its order to end one.

``ss -K`` does the same. pyroute2 was looked at and left: it has no order to destroy, hides the
kernel's refusals on this socket, and takes 0.4 s to import.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

PROTOCOLS = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}
FAMILIES = (socket.AF_INET, socket.AF_INET6)

TCP_TIME_WAIT, TCP_CLOSE, TCP_LISTEN = 6, 7, 10

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY, _SOCK_DESTROY = 20, 21
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_ALL_STATES = 0xFFFFFFFF
_CGROUP_ID = 21  # INET_DIAG_CGROUP_ID, since 5.8

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
_REQUEST_V2 = struct.Struct("=BBBxI48s")  # inet_diag_req_v2: family, protocol, extensions, states, id
_MESSAGE = struct.Struct("=BBBB48sIIIII")  # inet_diag_msg: family, state, timer, retransmits, id, 4 numbers, inode
_ID = struct.Struct("!HH16s16s")  # inet_diag_sockid: ports and addresses; interface and cookie follow
_ERROR = struct.Struct("=i")
_PATIENCE_S = 2
_AT_ONCE = 64
"""Orders in one message: their answers fit the socket's receive buffer."""


class InetSocket(NamedTuple):
    """One TCP or UDP socket as the kernel lists it; ``inode`` is 0 for one that no descriptor names."""

    family: int
    protocol: int
    state: int
    id: bytes
    """The kernel's ``inet_diag_sockid``: addresses, ports, interface and cookie."""
    inode: int
    cgroup: int
    """Id of the cgroup that it was made in; 0 where the kernel does not tell."""

    @property
    def cookie(self) -> bytes:
        """The kernel's number for it, never given twice."""
        return self.id[-8:]

    @property
    def live(self) -> bool:
        """Whether it is connected, connecting or listening. A UDP socket without a peer is none of it."""
        if self.protocol == socket.IPPROTO_TCP:
            return self.state not in (TCP_TIME_WAIT, TCP_CLOSE)
        return self.state != TCP_CLOSE

    def __str__(self) -> str:
        source_port, peer_port, source, peer = _ID.unpack_from(self.id)
        there = f" > {_address(self.family, peer)}:{peer_port}" if peer_port else ""
        return f"{PROTOCOLS[self.protocol]} {_address(self.family, source)}:{source_port}{there}"


def _address(family: int, raw: bytes) -> str:
    return str(ip_address(raw[:4])) if family == socket.AF_INET else f"[{ip_address(raw)}]"


class SockDiag:
    """A diagnostic socket of the network namespace that it is made in. A context manager."""

    def __init__(self) -> None:
        """Raises ``OSError`` where the kernel has no such sockets."""
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
        # The kernel answers at once or not at all; ``OSError`` then, rather than to wait for ever.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _PATIENCE_S, 0))
        self._sequence = 0

    def sockets(self) -> Iterator[InetSocket]:
        """All TCP and UDP sockets, of IPv4 and IPv6; raises ``OSError``."""
        for family in FAMILIES:
            for protocol in PROTOCOLS:
                yield from self._listed(family, protocol)

    def _listed(self, family: int, protocol: int) -> Iterator[InetSocket]:
        self._sequence += 1
        self._socket.send(listing(family, protocol, self._sequence))
        while True:
            for kind, sequence, body in messages(self._socket.recv(1 << 16)):
                if sequence != self._sequence:
                    continue  # the rest of an earlier answer that was given up
                if kind == _NLMSG_DONE:
                    return
                if kind == _NLMSG_ERROR:
                    raise _as_error(body)
                yield parsed(protocol, body)

    def destroy(self, sockets: Sequence[InetSocket]) -> list[int]:
        """Order the end of each; for each 0 or the error number of the refusal (``ENOENT``: it was gone)."""
        found: list[int] = []
        for at in range(0, len(sockets), _AT_ONCE):
            found += self._destroy(sockets[at : at + _AT_ONCE])
        return found

    def _destroy(self, sockets: Sequence[InetSocket]) -> list[int]:
        first = self._sequence + 1
        self._sequence += len(sockets)
        self._socket.send(b"".join(destruction(s, first + n) for n, s in enumerate(sockets)))
        answers: dict[int, int] = {}
        while len(answers) < len(sockets):
            for kind, sequence, body in messages(self._socket.recv(1 << 16)):
                if kind == _NLMSG_ERROR and first <= sequence <= self._sequence:
                    answers[sequence] = -_ERROR.unpack_from(body)[0]
        return [answers[first + n] for n in range(len(sockets))]

    def close(self) -> None:
        """Give it up; safe to call twice."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def listing(family: int, protocol: int, sequence: int) -> bytes:
    """The request for all sockets of one family and protocol."""
    body = _REQUEST_V2.pack(family, protocol, 0, _ALL_STATES, bytes(48))
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST | _DUMP, sequence, 0) + body


def destruction(target: InetSocket, sequence: int) -> bytes:
    """The request to end one socket; its cookie sees to it that no other one with these addresses is meant."""
    body = _REQUEST_V2.pack(target.family, target.protocol, 0, _ALL_STATES, target.id)
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DESTROY, _REQUEST | _ACK, sequence, 0) + body


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, sequence, body) of each netlink message of a datagram; what is cut short at its end is left out."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            return
        yield kind, sequence, data[at + _HEADER.size : at + length]
        at += _aligned(length)


def parsed(protocol: int, body: bytes) -> InetSocket:
    """One ``inet_diag_msg`` with its attributes."""
    family, state, _, _, identity, _, _, _, _, inode = _MESSAGE.unpack_from(body)
    return InetSocket(family, protocol, state, identity, inode, _cgroup(body))


def _cgroup(body: bytes) -> int:
    at = _MESSAGE.size
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if kind == _CGROUP_ID:
            return int.from_bytes(body[at + _ATTRIBUTE.size : at + length], "little")
        at += max(_aligned(length), _ATTRIBUTE.size)
    return 0


def _aligned(length: int) -> int:
    return length + 3 & ~3


def _as_error(body: bytes) -> OSError:
    number = -_ERROR.unpack_from(body)[0] or errno.EIO
    return OSError(number, os.strerror(number))
