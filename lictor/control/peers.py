"""Who is at the other end of the socket, as the kernel says, and what they may.

An agent decides nothing about itself: neither a process of a run, whatever its user, nor a process of the user
that the agent runs as. What is left are root and the members of a group that the administrator makes.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lictor.system import here
from lictor.telling.proc import place_of

GROUP = "lictor"
"""Its members decide beside root; it need not exist."""

# Python has no names for these two. The first is there since Linux 4.13, the second since 6.5.
_SO_PEERGROUPS, _SO_PEERPIDFD = 59, 77
_MOST_GROUPS = 1024
"""Bytes that Python reads of an option at most: 256 groups. Who is in more of them decides with ``sg lictor``."""
_NO_LOGIN = 2**32 - 1


@dataclass(frozen=True)
class Peer:
    """Who asks. ``login`` is who had logged in, where that is another user; ``agent`` whether it belongs to a run."""

    uid: int
    pid: int
    user: str
    login: str | None = None
    agent: bool = False
    member: bool = False
    """Whether the user may decide at all: root, or a member of the group."""


def credentials(connection: socket.socket) -> tuple[int, int, int]:
    """(pid, uid, gid) of who connected, at the moment it did."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    return struct.unpack("iII", raw)


def peer_of(connection: socket.socket, is_agent: Callable[[int], bool], group: int | None = None) -> Peer:
    """The peer of a connected socket; ``group`` is the number of the group that decides, ``None`` where there is none.

    Raises ``OSError`` when the process has ended, since nothing can be known of it any more.
    """
    pid, uid, gid = credentials(connection)
    descriptor = _pidfd(connection, pid)
    try:
        agent, login = is_agent(pid), login_of(pid)
        _refuse_ended(pid, descriptor)
    finally:
        os.close(descriptor)
    user = here.user_name(uid)
    other = login if login != user else None
    member = uid == 0 or (group is not None and group in (gid, *_groups(connection)))
    return Peer(uid, pid, user, other, agent, member)


def _pidfd(connection: socket.socket, pid: int) -> int:
    """A descriptor of the process that connected.

    Kernels before 6.5 give none: there one is opened by number. Should the process have ended and its number been given
    to another within the milliseconds since it connected, the other is looked at. The user id is that of the first in any case.
    """
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD, struct.calcsize("i"))
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:  # anything else is about the process: it has ended
            raise
        return os.pidfd_open(pid)
    return int(struct.unpack("i", raw)[0])


def _refuse_ended(pid: int, descriptor: int) -> None:
    """Raise ``ProcessLookupError`` when a process has ended: its number may be another's, and a zombie tells nothing.

    Asked after all else: if it is there now, it was there all the time.
    """
    place = place_of(pid)
    with suppress(PermissionError):  # not ours to signal, and so alive
        signal.pidfd_send_signal(descriptor, 0)
    if place is None or place.dead:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))


def _groups(connection: socket.socket) -> tuple[int, ...]:
    """Groups of the peer beside its own, when it connected."""
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_GROUPS)
    except OSError:
        return ()
    return struct.unpack(f"{len(raw) // 4}I", raw)


def group_id(name: str = GROUP) -> int | None:
    """Number of the group that decides; ``None`` where there is no such group."""
    import grp  # noqa: PLC0415 - Windows, where this is imported for its words alone, has none

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def login_of(pid: int) -> str | None:
    """Who had logged in where a process comes from; ``None`` for nobody, and where the kernel does not note it."""
    try:
        uid = int(Path(f"/proc/{pid}/loginuid").read_text(encoding="ascii"))
    except OSError:
        return None
    return None if uid == _NO_LOGIN else here.user_name(uid)


def refusal(peer: Peer, agent_uid: int | None = None) -> str | None:
    """Why the peer may not decide about a run of ``agent_uid`` (or about all of them); ``None`` where it may."""
    if peer.agent:
        return f"process {peer.pid} belongs to an agent's run: an agent decides nothing"
    if not peer.member:
        return f"user {peer.user} may not decide: ask root, or a member of group {GROUP}"
    if peer.uid == agent_uid:
        return (
            f"the agent runs as {peer.user}, and the same user may not decide for it: let another one decide (root, or a "
            f"member of group {GROUP}), or run agents as a user of their own (lictor run --user NAME)"
        )
    return None


def may_see(peer: Peer, agent_uid: int) -> bool:
    """Whether the peer may see what a run waits for: who may decide, and whose run it is."""
    return not peer.agent and (peer.member or peer.uid == agent_uid)
