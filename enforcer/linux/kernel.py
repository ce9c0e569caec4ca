"""Puts a policy into the sensor, keeps it true, and takes it out again.

The order matters: all conditions are in the maps before the scope that uses them, and the
scope before the first task that carries it, so there is no moment in which half a policy
is in force. ``refresh`` follows files that come and go: a new inode behind a protected name
is added, one that is gone is dropped before its number is used again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from collectors.kernel.records import SCOPE
from enforcer.linux.tables import Entries, Inode, build, enforcing
from pipeline.policy.kernel import KernelPlan

SCOPES = 256
"""Policies that the sensor can hold, also those that were replaced and still have tasks that made no event since."""


class RuleMap(Protocol):
    """A map of the sensor."""

    def update(self, key: bytes, value: bytes) -> None:
        """Set one entry."""

    def delete(self, key: bytes) -> bool:
        """Remove one entry; whether it was there."""


def find(path: str) -> Iterator[tuple[str, Inode | None]]:
    """A path as written and as resolved, with (kernel device, inode) where it exists."""
    if "\0" in path:  # no file can have that name
        return
    try:
        inode = _inode(Path(path).stat())
    except (OSError, ValueError):
        inode = None
    yield path, inode
    real = os.path.realpath(path)
    if real != path:
        yield real, inode


class Listing:
    """Files below protected directories, looked at again only every ``EVERY_S`` seconds and up to ``MOST`` of each."""

    EVERY_S = 10.0
    MOST = 2000

    def __init__(self) -> None:
        self._found: dict[str, list[Inode]] = {}
        self._until = 0.0

    def __call__(self, directory: str) -> list[Inode]:
        """Inodes of the files below a directory."""
        now = time.monotonic()
        if now > self._until:
            self._found.clear()
            self._until = now + self.EVERY_S
        if directory not in self._found:
            self._found[directory] = list(islice(_files(directory), self.MOST))
        return self._found[directory]


def _files(directory: str) -> Iterator[Inode]:
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                yield _inode((Path(folder) / name).lstat())


def _inode(status: os.stat_result) -> Inode:
    """User space spells a device in its own way; the kernel's is 12 bits of major and 20 of minor."""
    return os.major(status.st_dev) << 20 | os.minor(status.st_dev), status.st_ino


class InstalledPolicy:
    """One plan in force under one scope number."""

    def __init__(
        self, plan: KernelPlan, scope: int, maps: Callable[[str], RuleMap], seed: int, *, enforce: bool = True
    ) -> None:
        """Put ``plan`` into the maps; raises ``RuleTableError`` or what a map raises, and leaves nothing behind.

        Without ``enforce`` its verdicts are recorded and nothing is stopped, until ``enforce_inline`` says so.
        """
        self.plan = plan
        self._enforce = enforce
        self.scope = scope
        self._maps = maps
        self._seed = seed
        self._entries: dict[str, Entries] = {}
        self._scope_value = b""
        self._below = Listing()
        try:
            self.refresh()
        except BaseException:
            self.remove()
            raise

    def refresh(self) -> None:
        """Bring the maps to what the plan means on the file system of this moment."""
        plan = replace(self.plan, enforce=self.plan.enforce and self._enforce)
        tables = build(plan, self.scope, self._seed, find, self._below)
        stale: list[tuple[str, bytes]] = []
        for name, wanted in tables.maps.items():
            have = self._entries.setdefault(name, {})
            for key, value in wanted.items():
                if have.get(key) != value:
                    self._maps(name).update(key, value)
                    have[key] = value
            stale += [(name, key) for key in have.keys() - wanted.keys()]
        if tables.scope != self._scope_value:
            self._maps("scopes").update(self.scope.to_bytes(4, "little"), tables.scope)
            self._scope_value = tables.scope
        for name, key in stale:
            self._maps(name).delete(key)
            del self._entries[name][key]

    def enforce_inline(self, *, on: bool) -> None:
        """Carry verdicts out in the kernel, or only record them: the next event is treated so."""
        self._enforce = on
        if self._scope_value:  # this byte alone: what the file system has become meanwhile must not stand in the way
            self._scope_value = enforcing(self._scope_value, on=on and self.plan.enforce)
            self._maps("scopes").update(self.scope.to_bytes(4, "little"), self._scope_value)

    def hand_over(self, successor: InstalledPolicy) -> None:
        """Let another policy, complete by now, take this one's place for every task that carries it.

        Each task follows at its next event. The entries stay until ``drop_entries``: a program of the sensor
        may be in the middle of a verdict.
        """
        record = np.frombuffer(self._scope_value, SCOPE).copy()
        record["successor"] = successor.scope
        self._scope_value = record.tobytes()
        self._maps("scopes").update(self.scope.to_bytes(4, "little"), self._scope_value)

    def drop_entries(self) -> None:
        """Take the entries of a policy that was handed over out of the maps; its scope stays as the way to the other."""
        for name, entries in self._entries.items():
            for key in entries:
                self._maps(name).delete(key)
        self._entries = {}

    def rule_name(self, bit: int) -> str | None:
        """Id of the rule behind a bit."""
        return next((r.id for r in self.plan.rules if r.bit == bit), None)

    def exe_bits(self, exe: str) -> int:
        """Rules that hold for a program that runs already; later ones are found by the sensor at exec."""
        bits = sum(1 << r.bit for r in self.plan.rules if not r.exes)
        own = {inode for _, inode in find(exe) if inode}
        for rule in self.plan.rules:
            if own & {i for e in rule.exes for _, i in find(e) if i}:
                bits |= 1 << rule.bit
            if own & {i for e in rule.not_exes for _, i in find(e) if i}:
                bits &= ~(1 << rule.bit)
        return bits

    def remove(self) -> None:
        """Take the policy out of the maps; tasks that still carry the scope are under no rule then."""
        if self._scope_value:
            self._maps("scopes").update(self.scope.to_bytes(4, "little"), _nothing())
            self._scope_value = b""
        self.drop_entries()


def _nothing() -> bytes:
    """A scope under which nothing is judged and nothing stopped."""
    record = np.zeros(1, SCOPE)
    record["defaults"] = 255
    return record.tobytes()
