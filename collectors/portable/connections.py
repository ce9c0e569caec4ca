"""Connections of a run's processes, as they stand at a look: one that opens and closes between two is never seen.

Whether a connection was asked for or taken in is not told by any system: it was taken in where its local port is one
that the run listens on.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import psutil

from collectors.interface import Run
from collectors.portable.machine import WINDOWS
from collectors.portable.processes import Member
from collectors.portable.rows import Fact, fact
from collectors.portable.trouble import Trouble

Seen = tuple[int, str, Any, Any, bool]
"""Process key, protocol, local and remote end, whether it listens."""

_MAPPED = "::ffff:"


class Connections:
    """Tells each connection once, for as long as it stands."""

    def __init__(self, runs: Mapping[int, Run], trouble: Trouble) -> None:
        self._runs = runs
        self._trouble = trouble
        self._seen: set[Seen] = set()

    def look(self, members: Iterable[Member]) -> list[Fact]:
        """Connections that stand now and did not at the last look that could be had."""
        by_key = {member.who.key: member for member in members}
        try:
            now = set(_of_all(by_key.values()) if WINDOWS else (seen for one in by_key.values() for seen in _of(one)))
        except (psutil.Error, OSError, RuntimeError):  # psutil's last: a table that grew while it was read, a torn line
            self._trouble.missed_connections()
            return []
        fresh, self._seen = now - self._seen, now
        listening = {(by_key[key].number, local[1]) for key, _, local, _, listens in now if listens}
        return [self._row(by_key[one[0]], one, listening) for one in sorted(fresh, key=repr)]

    def _row(self, member: Member, seen: Seen, listening: set[tuple[int, int]]) -> Fact:
        _, protocol, local, remote, listens = seen
        taken_in = bool(remote) and (member.number, local[1]) in listening
        operation = "net.listen" if listens else "net.accept" if taken_in else "net.connect"
        run = self._runs[member.number]
        ends = {**_end("src", local), **_end("dst", remote)}
        return fact(operation, **member.columns(run), protocol=protocol, **ends)


def _of(member: Member) -> Iterator[Seen]:
    """What a process has open; nothing where it is gone or may not be looked at."""
    with suppress(psutil.Error, OSError):
        for one in psutil.Process(member.who.pid).net_connections("inet"):
            yield from _seen(member, one)


def _of_all(members: Iterable[Member]) -> Iterator[Seen]:
    """What all of them have open, where the system has one table for all and psutil would read it anew for each."""
    by_pid = {member.who.pid: member for member in members}
    for one in psutil.net_connections("inet") if by_pid else ():
        if one.pid in by_pid:
            yield from _seen(by_pid[one.pid], one)


def _seen(member: Member, one: Any) -> Iterator[Seen]:
    listens = one.status == psutil.CONN_LISTEN
    if listens or one.raddr:
        protocol = "tcp" if one.type == socket.SOCK_STREAM else "udp"
        yield member.who.key, protocol, tuple(one.laddr), tuple(one.raddr), listens


def _end(side: str, address: tuple[Any, ...]) -> dict[str, Any]:
    if not address:
        return {}
    ip = address[0].removeprefix(_MAPPED) if "." in address[0] else address[0]
    return {f"{side}_ip": ip, f"{side}_port": address[1]}
