"""The processes of runs, found by looking again and again: who is new, who has another program, who is gone.

A process belongs to a run when its parent does at the time of the look, or, when the parent has ended by then, when
its environment names the run. One that begins and ends between two looks is never seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from collectors.interface import Candidate, CollectorError, Run
from collectors.portable.image import Image, environment_of, glance, image_of
from collectors.portable.machine import Identity, identify, present
from collectors.portable.rows import Fact, fact

YOUNG_S = 0.5
"""How long a stranger is looked at again, and once more afterwards: it may not have become the agent yet that it is about to be."""
STRANGERS_S = 10.0
"""How often it is checked whether a pid of a stranger was given to somebody else."""

_INHERITED, _CLAIMED, _TAGGED = "parent at the time of a look", "environment of the process", "inherited tag"


@dataclass
class Member:
    """One process of a run."""

    who: Identity
    number: int
    image: Image
    parent_key: int | None = None
    parent_exe: str | None = None
    evidence: str = _INHERITED
    quality: str = "from_proc"
    glance: object = None
    """What a glance at its program showed last."""

    def columns(self, run: Run) -> dict[str, Any]:
        """What every row about it says of it."""
        return {
            "agent_run": run.id, "agent": run.agent, "initiator": "agent", "initiator_evidence": self.evidence,
            "process_key": self.who.key, "pid": self.who.pid, "parent_key": self.parent_key,
            "parent_exe": self.parent_exe, "quality": self.quality, **self.image.columns(),
        }  # fmt: skip


class Processes:
    """The members of all runs, by pid."""

    def __init__(
        self,
        runs: dict[int, Run],
        *,
        run_variable: str | None = None,
        on_candidates: Callable[[Sequence[Candidate]], None] | None = None,
    ) -> None:
        self._runs = runs
        self._variable = run_variable
        self._on_candidates = on_candidates
        self.members: dict[int, Member] = {}
        self._strangers: dict[int, tuple[int, float | None]] = {}
        """Pid → start, and when it was first seen; ``None`` once it is not looked at any more."""
        self._next_check = 0.0
        self._untold: list[Fact] = []
        """Of members that were found between two looks."""

    def begin(self) -> None:
        """Take in who is there already, before the first run begins: none of them is anybody's child."""
        found = [who for pid in present() if (who := _identify(pid)) is not None]
        self._strangers = {who.pid: (who.start, None) for who in found}

    def tag(self, pid: int, number: int, *, begins: bool = False) -> None:
        """Make a process a member; raises ``CollectorError`` when it is gone.

        ``begins``: it has its program already and was never let run, so that its beginning is told; no look would find it new.
        """
        try:
            who = identify(pid)
        except ProcessLookupError as error:
            raise CollectorError(f"process {pid} cannot be tagged: it has ended") from error
        self._strangers.pop(pid, None)
        parent = self.members.get(who.parent_pid)
        exe = parent.image.exe if parent else None
        key = parent.who.key if parent else _key_of(who.parent_pid)
        member = self.members[pid] = Member(who, number, image_of(pid), key, exe, _TAGGED)
        if begins and (run := self._runs.get(number)):
            self._untold.append(self._program(member, run))

    def tagged(self, pid: int) -> int:
        """The run of a process; 0 for none."""
        member = self.members.get(pid)
        return member.number if member and _is_still(member) else 0

    def of(self, number: int) -> list[Member]:
        """Members of a run that live, children that no look has found yet included."""
        fresh = True
        while fresh:  # a child may have children in its turn, whatever the order of their pids
            fresh = False
            for who in self._children():
                if self._adopt(who):
                    fresh = True
                    self._untold += self._begun(self.members[who.pid])
        return [member for member in self.members.values() if member.number == number and _is_still(member)]

    def look(self) -> list[Fact]:
        """What has changed since the last look."""
        there = present()
        untold, self._untold = self._untold, []
        return [*untold, *self._new(there), *self._changed(), *self._gone()]

    def drop(self, number: int) -> None:
        """Forget a run."""
        self.members = {pid: member for pid, member in self.members.items() if member.number != number}

    # Who is new

    def _new(self, there: Mapping[int, int | None]) -> Iterator[Fact]:
        gone = [pid for pid, (start, _) in self._strangers.items() if there.get(pid, -1) not in (None, start)]
        for pid in gone:
            del self._strangers[pid]
        found = [who for pid in self._unknown(there) if (who := _identify(pid)) is not None and not who.dead]
        left = sorted(found, key=lambda who: (who.start, who.pid))  # parents before their children
        while left:
            adopted = [who for who in left if who.pid not in self.members and self._adopt(who)]
            for who in adopted:
                yield from self._begun(self.members[who.pid])
            left = [who for who in left if who.pid not in self.members]
            if not adopted:
                break
        for who in left:
            if (claimed := self._claimed(who)) is not None:
                yield from self._begun(claimed)
        self._meet([who for who in left if who.pid not in self.members])

    def _unknown(self, pids: Iterable[int]) -> list[int]:
        now = time.monotonic()
        young = [pid for pid, (_, since) in self._strangers.items() if since is not None]
        fresh = [pid for pid in pids if pid not in self._strangers and pid not in self.members]
        if now >= self._next_check:
            self._next_check = now + STRANGERS_S
            for pid, (start, _) in list(self._strangers.items()):
                who = _identify(pid)
                if who is None or who.start != start:
                    del self._strangers[pid]
                    fresh.append(pid)
        return [*fresh, *(pid for pid in young if pid in self._strangers)]

    def _adopt(self, who: Identity) -> bool:
        """Make a process a member where its parent is one."""
        parent = self.members.get(who.parent_pid)
        if parent is None or who.pid in self.members or not _is_still(parent):
            return False
        self._strangers.pop(who.pid, None)
        self.members[who.pid] = Member(who, parent.number, image_of(who.pid), parent.who.key, parent.image.exe)
        return True

    def _claimed(self, who: Identity) -> Member | None:
        """A process whose parents have all ended, by what its environment says."""
        if self._variable is None or not self._runs:
            return None
        name = environment_of(who.pid).get(self._variable)
        number = next((number for number, run in self._runs.items() if run.id == name), None)
        if name is None or number is None:
            return None
        self._strangers.pop(who.pid, None)
        quality = "from_proc,parent_unknown,inferred"
        member = Member(who, number, image_of(who.pid), None, None, _CLAIMED, quality)
        self.members[who.pid] = member
        return member

    def _begun(self, member: Member) -> Iterator[Fact]:
        """Rows of a new member: its birth, and its program, where that is not its parent's."""
        run = self._runs.get(member.number)
        if run is None:
            return
        parent = next((m for m in self.members.values() if m.who.key == member.parent_key), None)
        if parent is not None:
            child = {"child_key": member.who.key, "child_pid": member.who.pid}
            yield fact("fork", **(parent.columns(run) | child))
        if parent is None or member.image.is_other(parent.image):
            yield self._program(member, run)

    def _program(self, member: Member, run: Run) -> Fact:
        return fact("exec", **member.columns(run), path=member.image.exe)

    def _meet(self, strangers: Sequence[Identity]) -> None:
        now = time.monotonic()
        for who in strangers:
            _, since = self._strangers.setdefault(who.pid, (who.start, now))
            # By the look that comes after the time, not by the time: on a busy machine there may be none within it.
            if since is not None and since < now - YOUNG_S:
                self._strangers[who.pid] = (who.start, None)
        if self._on_candidates is not None and strangers:
            told = [(who, image_of(who.pid)) for who in strangers]
            self._on_candidates([Candidate(w.pid, w.key, i.exe or "", list(i.argv)) for w, i in told])

    def _children(self) -> Iterator[Identity]:
        """Processes whose parent is a member and that are none yet."""
        if not self.members:
            return
        for pid in present():
            if pid not in self.members and (who := _identify(pid)) is not None and who.parent_pid in self.members:
                yield who

    # Who has changed, and who is gone

    def _changed(self) -> Iterator[Fact]:
        for member in self.members.values():
            seen = glance(member.who.pid)
            if seen == member.glance:
                continue
            member.glance, image = seen, image_of(member.who.pid)
            run = self._runs.get(member.number)
            if run is None or not image.is_other(member.image) or not _is_still(member):
                continue
            member.image = image
            yield self._program(member, run)

    def _gone(self) -> Iterator[Fact]:
        for pid, member in list(self.members.items()):
            if _is_still(member):
                continue
            del self.members[pid]
            if run := self._runs.get(member.number):
                yield fact("exit", **member.columns(run))


def _identify(pid: int) -> Identity | None:
    with suppress(OSError, ValueError):
        return identify(pid)
    return None


def _key_of(pid: int) -> int | None:
    who = _identify(pid)
    return who.key if who else None


def _is_still(member: Member) -> bool:
    """Whether the very process lives: not a zombie, and not another one with its pid."""
    who = _identify(member.who.pid)
    return who is not None and who.key == member.who.key and not who.dead
