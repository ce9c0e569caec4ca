"""Cuts the network of one run and gives it back: new connections are refused, those that exist are ended.

Three means, since each misses something. The sensor refuses a task's connect by its tag, from
whatever socket. Programs on the run's cgroup drop all that its sockets send and receive.
Sockets that were made elsewhere escape these, and are ended one by one. Whether it worked is
read back from the kernel, and tried by a child of ours from within.
"""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.interface import CollectorError
from enforcer.interface import Outcome
from enforcer.linux import cgroupfs
from enforcer.linux.cgroupfs import CgroupError
from enforcer.linux.network import probe, programs
from enforcer.linux.network.held import others
from enforcer.linux.network.sweep import Sweeper, Swept

if TYPE_CHECKING:
    from enforcer.linux.cgroup import RunCgroup

_REFUSALS = (OSError, CgroupError, CollectorError)
_SEARCH_S = 0.05
"""How long others who hold a socket of the run are looked for: they are named, nothing hangs on it."""
_NAMED = 3


@dataclass
class _Account:
    """What was seen, sorted by what it means for the outcome."""

    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def attempt(self, step: Callable[[], None]) -> None:
        """Do one step; what refuses it is a fault, and the next one is done all the same."""
        try:
            step()
        except _REFUSALS as error:
            self.faults.append(str(error))

    def outcome(self) -> Outcome:
        evidence = "; ".join([*self.faults, *self.doubts, *self.facts])
        return Outcome("failed" if self.faults else "unverified" if self.doubts else "confirmed", evidence)


class Isolation:
    """The network of one run; asked from one thread."""

    def __init__(
        self,
        group: RunCgroup,
        pids: Callable[[], Iterable[int]],
        mark: Callable[[bool], None],
        marked: Callable[[], bool],
        tag: Callable[[int], None] | None = None,
    ) -> None:
        """``pids`` gives the run's live processes, also those outside of its cgroup.

        ``mark`` tells the sensor to refuse the run by its tag or no more, ``marked`` reads that back, and ``tag`` makes
        one process part of the run, under no policy.
        """
        self._group = group
        self._sweeper = Sweeper(group, pids)
        self._mark = mark
        self._marked = marked
        self._tag = tag
        self._programs = programs.Programs()

    def cut(self) -> Outcome:
        """Take the network away. Safe to call again: what came since is ended then.

        ``confirmed`` when the kernel shows it and a connect from within is refused, ``unverified`` when
        that try gave no answer, ``failed`` when anything of the run may still send or receive.
        """
        account = _Account()
        # First what refuses new connections, so that none is made while the old ones are ended.
        account.attempt(lambda: self._mark(True))
        account.attempt(lambda: self._programs.attach(self._group.descriptor))
        account.attempt(lambda: self._sweep(account))
        account.attempt(lambda: self._read_back(account, wanted=True))
        self._try(account, wanted=True)
        return account.outcome()

    def join(self) -> Outcome:
        """Give the network back; sockets that were ended stay so. The outcome is that of ``cut``, the other way round."""
        account = _Account()
        self._programs.detach()
        account.attempt(lambda: self._mark(False))
        account.attempt(lambda: self._read_back(account, wanted=False))
        self._try(account, wanted=False)
        return account.outcome()

    def close(self) -> None:
        """Take the programs off without looking; what the sensor refuses stays. Safe to call twice."""
        self._programs.detach()

    # Parts

    def _sweep(self, account: _Account) -> None:
        swept = self._sweeper.sweep()
        account.faults += _first(sorted(swept.left))
        if swept.outside:
            account.faults.append(f"outside of {self._group.path}, so that they may listen: {_list(swept.outside)}")
        if not swept.settled:
            account.faults.append("sockets are handed around faster than they can be ended")
        account.facts.append(_told(swept))
        if swept.foreign:
            account.facts.append(_shared(swept))

    def _read_back(self, account: _Account, *, wanted: bool) -> None:
        standing, marked = self._programs.standing(self._group.descriptor), self._marked()
        whole = len(standing) == (len(programs.ATTACH_TYPES) if wanted else 0)
        shown = f"BPF_PROG_QUERY shows {len(standing)} of {len(programs.ATTACH_TYPES)} programs on {self._group.path}"
        (account.facts if whole else account.faults).append(shown)
        said = f"the sensor refuses the run's tag: {'yes' if marked else 'no'}"
        (account.facts if marked == wanted else account.faults).append(said)

    def _try(self, account: _Account, *, wanted: bool) -> None:
        """A connect from within: refused when ``wanted``, and not when not."""
        frozen = is_frozen(self._group.directory)
        if frozen and self._tag is None:
            account.facts.append("the run is frozen, so no connect was tried from within")
            return
        # In a frozen cgroup the child would stand still as well: it is tagged alone then.
        where = "with its tag" if frozen else "from within"
        try:
            number = probe.connect_from(None if frozen else self._group.directory, self._tag)
        except _REFUSALS as error:
            account.doubts.append(f"a connect {where} could not be tried: {error}")
            return
        if number is None:
            account.doubts.append(f"a connect {where} gave no answer within {probe.TIMEOUT_S:g} s")
        elif (number == errno.EPERM) == wanted:
            account.facts.append(f"a connect {where} gives {errno.errorcode.get(number, number)}")
        elif wanted:
            account.faults.append(f"a connect {where} was not refused: it gave {errno.errorcode.get(number, number)}")
        else:
            account.doubts.append(f"a connect {where} is still refused, by something else")


def is_frozen(directory: Path) -> bool:
    """Whether a cgroup stands still, or is told to."""
    try:
        told = (directory / "cgroup.freeze").read_text(encoding="ascii").strip() == "1"
    except OSError:
        told = False
    return told or bool(cgroupfs.events(directory).get("frozen", 0))


def _told(swept: Swept) -> str:
    kinds = Counter(kind for kind, _ in swept.harmless)
    parts = [f"{_many(n, f'{kind} socket')} destroyed" for kind, n in sorted(swept.ended.items()) if n]
    parts = parts or ["no socket was there to destroy"]
    if swept.live:
        parts.append(f"all packets of {swept.live} more dropped")
    if swept.silenced:
        parts.append(f"{len(swept.silenced)} made outside of the cgroup silenced for good")
    parts += [f"{_many(n, f'{kind} socket')} left as harmless" for kind, n in sorted(kinds.items())]
    return f"{_many(len(swept.members), 'process', 'processes')}: {', '.join(parts)}"


def _many(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or f'{one}s'}"


def _shared(swept: Swept) -> str:
    """Who else has lost the sockets that were made outside of the run's cgroup."""
    found, complete = others(swept.foreign, swept.members, _SEARCH_S)
    who = f"also held by {_list(found)}" if found else "held by nobody else"
    return f"those were {who}" + ("" if complete else " among the processes that could be asked in time")


def _list(pids: Iterable[int]) -> str:
    return ", ".join(_first([f"{pid} ({_name(pid)})" for pid in sorted(pids)]))


def _first(texts: list[str]) -> list[str]:
    return texts if len(texts) <= _NAMED else [*texts[:_NAMED], f"and {len(texts) - _NAMED} more"]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "gone"
