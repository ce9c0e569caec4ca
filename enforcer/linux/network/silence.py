"""Ends a socket for good through a descriptor of our own, taken from the process that holds it.

For what the kernel's order to destroy does not end for good: a UDP socket keeps its port after it, and
a listener may listen again. A filter that lets nothing through and cannot be taken off ends what
comes in, a shutdown what goes out.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from enforcer.linux.network.held import Held

INET = (socket.AF_INET, socket.AF_INET6)

# By number: Python has no names for some of these, and for others on Linux only.
HARMLESS: dict[int, str] = {1: "unix", 16: "netlink", 38: "crypto"}
"""Families that reach no network; they stay."""

_FAMILIES: dict[int, str] = {**HARMLESS, 17: "packet", 31: "bluetooth", 40: "vsock", 44: "xdp"}
_PROTOCOLS: dict[int, str] = {
    1: "ping", 6: "tcp", 17: "udp", 58: "ping", 132: "sctp", 136: "udplite", 262: "mptcp",
}  # fmt: skip

_PIDFD_GETFD = 438
_PIDFD_THREAD = os.O_EXCL  # since 6.9; an older kernel refuses it
_SO_ATTACH_FILTER, _SO_LOCK_FILTER = 26, 44  # in getsockopt, 26 is SO_GET_FILTER
_SIOCGSKNS = 0x894C
_libc = ctypes.CDLL(None, use_errno=True)

_RETURN_0 = struct.pack("=HBBI", 0x06, 0, 0, 0)  # one classic BPF instruction: keep 0 bytes of each packet
_CODE = ctypes.create_string_buffer(_RETURN_0, len(_RETURN_0))
_DROP_ALL = struct.pack("HP", 1, ctypes.addressof(_CODE))  # struct sock_fprog


@contextlib.contextmanager
def holder(process: int, thread: int) -> Iterator[int | None]:
    """A pidfd of the thread whose descriptors are taken; ``None`` when it is gone.

    Raises ``OSError`` on a kernel before 6.9 for a thread that is not the first of its process.
    """
    try:
        descriptor = os.pidfd_open(thread, 0 if thread == process else _PIDFD_THREAD)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def take(holding: int, held: Held) -> socket.socket | None:
    """The socket itself, to be closed after use; ``None`` when the descriptor names it no more.

    Raises ``OSError`` where it may not be taken.
    """
    descriptor = int(_libc.syscall(_PIDFD_GETFD, holding, held.fd, 0))
    if descriptor < 0:
        number = ctypes.get_errno()
        if number in (errno.EBADF, errno.ESRCH):
            return None
        raise OSError(number, os.strerror(number))
    if os.fstat(descriptor).st_ino != held.inode:
        os.close(descriptor)
        return None
    return socket.socket(fileno=descriptor)


def kind(found: socket.socket) -> str:
    """What it is, in one word."""
    if found.family not in INET:
        return _FAMILIES.get(found.family, f"family {int(found.family)}")
    if found.type == socket.SOCK_RAW:
        return "raw"
    return _PROTOCOLS.get(found.proto, f"protocol {found.proto}")


def namespace(found: socket.socket) -> int:
    """A descriptor of the network namespace that it is in; raises ``OSError``."""
    return int(fcntl.ioctl(found.fileno(), _SIOCGSKNS))


def silence(found: socket.socket) -> str:
    """Make it unable to send or receive; what it still can afterwards, empty for nothing.

    What a TCP connection sends is not ended here: destroying it does that, and tells its peer.
    """
    what = kind(found)
    try:
        if what == "tcp":
            return _filtered(found)
        if what in ("udp", "udplite", "ping"):
            return _filtered(found) or _shut(found)
        if what == "mptcp":
            return _disconnected(found)
        if what == "vsock":
            return _shut(found)
    except OSError as error:
        return f"a {what} socket stays: {error.strerror}"
    return f"a {what} socket stays: there is no way to end it from outside"


def _filtered(found: socket.socket) -> str:
    if not is_deaf(found):
        found.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _DROP_ALL)
        found.setsockopt(socket.SOL_SOCKET, _SO_LOCK_FILTER, 1)
    return "" if is_deaf(found) else f"a {kind(found)} socket still receives"


def is_deaf(found: socket.socket) -> bool:
    """Whether our filter is on it and locked, as the kernel tells."""
    if not found.getsockopt(socket.SOL_SOCKET, _SO_LOCK_FILTER):
        return False
    code, instructions = ctypes.create_string_buffer(len(_RETURN_0)), ctypes.c_uint(1)
    got = _libc.getsockopt(found.fileno(), socket.SOL_SOCKET, _SO_ATTACH_FILTER, code, ctypes.byref(instructions))
    return got == 0 and instructions.value == 1 and code.raw == _RETURN_0


def _shut(found: socket.socket) -> str:
    try:
        found.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        # Without a peer the kernel says ENOTCONN and shuts a datagram socket all the same.
        if error.errno != errno.ENOTCONN:
            raise
    poll = select.poll()
    poll.register(found, 0)
    seen = dict(poll.poll(0)).get(found.fileno(), 0)
    return "" if seen & select.POLLHUP else f"a {kind(found)} socket still sends"


def _disconnected(found: socket.socket) -> str:
    unspecified = struct.pack("=H14x", socket.AF_UNSPEC)
    if _libc.connect(found.fileno(), unspecified, len(unspecified)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return ""
