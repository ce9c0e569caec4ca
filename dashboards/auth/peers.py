"""Which user of this machine is at the other end of a loopback connection, as the kernel says.

A browser sends a cookie to every port of a host. A development server that an agent runs on port 3000 gets the cookie of
the dashboard on 8501 as soon as somebody looks at it, and would be that person here. So a session that began on this machine
goes on only from processes of the user who began it.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

STRANGER = -1
"""Of a connection whose other end nobody holds any more: the kernel says "root" of such sockets."""

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _REQUEST = 4, 20, 1
_HEAD = struct.Struct("=LHHLL")  # nlmsghdr
_ASKED = struct.Struct("=BBBBI")  # inet_diag_req_v2, before its socket id
_ESTABLISHED = 1
_STATES = 0xFFFFFFFF
_NO_COOKIE = b"\xff" * 8
_FOUND = 4 + 48 + 12  # inet_diag_msg: four bytes, its socket id, three words; then uid

Address = tuple[str, int]


def uid_of(client: Address | None, server: Address | None) -> int | None:
    """The user whose process connected from ``client`` to ``server``; ``None`` where that is not of this machine, or not to be told."""
    try:
        if client is None or server is None or not ipaddress.ip_address(client[0]).is_loopback:
            return None
        answer = _asked(client, server)
    except (OSError, ValueError):
        return None
    kind = _HEAD.unpack_from(answer)[1] if len(answer) >= _HEAD.size else 0
    if kind != _SOCK_DIAG_BY_FAMILY:
        return None
    if answer[_HEAD.size + 1] != _ESTABLISHED:
        return STRANGER
    uid: int = struct.unpack_from("=I", answer, _HEAD.size + _FOUND)[0]
    return uid


def _asked(client: Address, server: Address) -> bytes:
    """The kernel's answer about one socket. Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    ends = struct.pack("!HH", client[1], server[1])
    names = b"".join(socket.inet_pton(family, host).ljust(16, b"\0") for host, _ in (client, server))
    request = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, _STATES) + ends + names + bytes(4) + _NO_COOKIE
    head = _HEAD.pack(_HEAD.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as asking:
        asking.settimeout(1.0)
        asking.send(head + request)
        return asking.recv(4096)
