"""Processes: starts, ends and rundowns become rows, and each row of a chunk is told which process acted.

Two providers tell of a start. Kernel-Process has the creation time, the path of the program and who really created it;
the kernel's own Process class has the command line and the user. What both say of one start (same pid, created within a
second) is one process and, where both are of one chunk, one row.

A process that was there before the trace is known from a rundown, or from its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw.decode import Part
from collectors.etw.identity import process_keys, start_keys
from collectors.etw.known import KnownProcesses
from collectors.etw.lastknown import LastKnown, Statements
from collectors.etw.ntpaths import NtPaths, unresolved
from collectors.etw.pool import Codes
from collectors.etw.rows import Rows, constant, filled
from collectors.etw.texts import sid_texts

SAME_START = 10_000_000
"""100 ns within which two statements of a pid's creation are about one process: pids are not used again that fast."""

MOST_PIDS = 1 << 17
_SEQUENCE = np.uint64((1 << 48) - 1)  # ProcessStartKey = boot number << 48 | sequence number
_BEFORE_ALL = -1

CreatedOf = Callable[[Codes], Codes]
"""Creation times (FILETIME) of processes by their pids; 0 where there is none."""


@dataclass(frozen=True)
class _Said:
    """What events say of processes: one entry each."""

    order: Codes
    time: Codes
    tid: Codes
    pid: Codes
    ppid: Codes
    creator: Codes
    created: Codes
    sequence: npt.NDArray[np.uint64]
    exe: Codes
    cmdline: Codes
    user: Codes
    full: npt.NDArray[np.bool_]
    """From Kernel-Process, which knows the creation time and the program's path."""

    def at(self, rows: Codes | npt.NDArray[np.bool_]) -> _Said:
        return _Said(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


class Processes:
    """Knows the processes of a trace from chunk to chunk. ``boot`` makes their keys those of one boot."""

    def __init__(self, boot: str, paths: NtPaths, created_of: CreatedOf | None = None) -> None:
        """``created_of`` is asked for what only the kernel's own class has told of yet: its events have no creation time."""
        self._boot, self._paths, self._created_of = boot, paths, created_of
        self._known = KnownProcesses()
        self._by_pid, self._by_sequence = LastKnown(MOST_PIDS), LastKnown(MOST_PIDS)

    def know(self, pid: Codes, parent: Codes, created: Codes, exe: Callable[[int], str | None]) -> None:
        """Processes that are there, of which no event told: before the first chunk, or since their start was lost.

        ``exe`` is asked for the program's path of those that are new. A parent counts where it is older than its child.
        """
        none = np.full(len(pid), -1, np.int64)
        before = self._by_pid.told(*_no_statements()).asked(pid.view(np.uint64), none)
        new = (before < 0) | (np.abs(self._known.created[before] - created) >= SAME_START)
        pid, parent, created, none = pid[new], parent[new], created[new], none[new]
        paths = self._known.pool.codes(pa.array([exe(one) for one in pid.tolist()], pa.string()))
        index = self._known.add(process_keys(self._boot, created, pid), created, paths, none, none, pid)
        told = pid.view(np.uint64), none, index
        above = self._by_pid.told(*told).asked(parent.view(np.uint64), none)
        older = (above >= 0) & (self._known.created[above] <= created) & (above != index)
        self._known.set_parent(index, np.where(older, above, -1))
        self._by_pid.remember(*told)

    def take(self, parts: Sequence[Part]) -> tuple[list[Rows], pa.Table | None, Identify]:
        """Rows of starts and ends, rows of ``processes`` for those that ran before, and who is who in this chunk."""
        self._forget()  # now, since whoever identifies rows of the last chunk had the numbers of then
        starts = self._starts([p for p in parts if p.event.role == "start" and len(p)])
        rundown = self._said([p for p in parts if p.event.role == "rundown" and len(p)])
        stops = [p for p in parts if p.event.role == "stop" and len(p)]
        index = self._add(starts)
        pids = [starts.pid, starts.order, index]
        index = self._older(rundown, pids)
        found = rundown.at(index >= 0)
        for stop in stops:
            self._older(self._stopped(stop), pids)
        told = pids[0].view(np.uint64), pids[1], pids[2]
        sequences = self._sequences(starts, rundown, told)
        identify = Identify(self._boot, self._known, self._by_pid.told(*told), self._by_sequence.told(*sequences))
        rows = [*self._started(starts, identify), *(self._ended(stop) for stop in stops)]
        snapshot = self._known.snapshot(np.unique(index[index >= 0]), found.time) if len(found.time) else None
        self._by_pid.remember(*told)
        self._by_sequence.remember(*sequences)
        return rows, snapshot, identify

    def _starts(self, parts: Sequence[Part]) -> _Said:
        """One entry per process started, from whatever tells of it."""
        said = self._said(parts)
        order = np.lexsort((said.order, said.created, said.pid))
        said = said.at(order)
        if len(said.pid) < 2:
            return said
        other = (np.diff(said.pid) != 0) | (np.diff(said.created) > SAME_START) | (said.full[1:] == said.full[:-1])
        group = np.append([0], np.cumsum(other))
        first = np.flatnonzero(np.append([True], other))
        merged = {
            "order": np.minimum.reduceat(said.order, first), "time": np.minimum.reduceat(said.time, first),
            "cmdline": np.maximum.reduceat(said.cmdline, first), "user": np.maximum.reduceat(said.user, first),
            "full": np.maximum.reduceat(said.full, first), "sequence": np.maximum.reduceat(said.sequence, first),
        }  # fmt: skip
        # Of a pair the full one's own words count for the rest.
        best = np.lexsort((~said.full, group))
        chosen = said.at(best[np.searchsorted(group[best], np.arange(len(first)))])
        return _Said(**{name: merged.get(name, getattr(chosen, name)) for name in _Said.__dataclass_fields__})

    def _said(self, parts: Sequence[Part]) -> _Said:
        names = _Said.__dataclass_fields__
        each = [self._one(p) for p in parts] or [_NOTHING]
        return _Said(**{name: np.concatenate([getattr(s, name) for s in each]) for name in names})

    def _one(self, part: Part) -> _Said:
        full = part.has("CreateTime")
        nothing = np.full(len(part), -1, np.int64)
        rundown = part.event.role == "rundown"
        created = part.number("CreateTime") if full else np.zeros(len(part), np.int64) if rundown else part.time
        exe = self._known.pool.codes(self._paths.plain(part.text("ImageName")))
        return _Said(
            part.order, part.time, part.tid, part.number("ProcessID"), part.number("ParentProcessID"),
            part.pid if full and not rundown else nothing, created,
            part.key("Sequence") if part.has("Sequence") else np.zeros(len(part), np.uint64), exe,
            self._known.pool.codes(filled(part.text("CommandLine"))) if part.has("CommandLine") else nothing,
            self._known.pool.codes(sid_texts(part.bytes("UserSID"))) if part.has("UserSID") else nothing,
            np.full(len(part), full),
        )  # fmt: skip

    def _add(self, said: _Said) -> Codes:
        """Numbers of processes; one that the last chunk told of already is the same process."""
        before = self._by_pid.told(*_no_statements()).asked(said.pid.view(np.uint64), said.order)
        same = (before >= 0) & (np.abs(self._known.created[before] - said.created) < SAME_START)
        created = self._exact(said, ~same & ~said.full)
        keys = process_keys(self._boot, created, said.pid)
        new = self._known.add(
            keys[~same], created[~same], *(getattr(said, n)[~same] for n in ("exe", "cmdline", "user", "pid"))
        )
        index = before.copy()
        index[~same] = new
        self._known.complete(index[same], said.exe[same], said.cmdline[same], said.user[same], full=said.full[same])
        return index

    def _exact(self, said: _Said, unsure: npt.NDArray[np.bool_]) -> Codes:
        """Creation times; where a process's are its event's, what the system says of it, if that is still the same one."""
        if self._created_of is None or not unsure.any():
            return said.created
        asked = self._created_of(said.pid[unsure])
        created = said.created.copy()
        created[unsure] = np.where(np.abs(asked - created[unsure]) < SAME_START, asked, created[unsure])
        return created

    def _older(self, said: _Said, pids: list[Codes]) -> Codes:
        """Processes that were there before: those not known yet are added, as valid from the chunk's beginning on."""
        asked = self._by_pid.told(pids[0].view(np.uint64), pids[1], pids[2]).asked(said.pid.view(np.uint64), said.order)
        there = asked >= 0
        self._known.complete(
            asked[there], said.exe[there], said.cmdline[there], said.user[there], full=said.full[there]
        )
        missing = np.flatnonzero(~there)
        missing = missing[np.unique(said.pid[missing], return_index=True)[1]] if len(missing) else missing
        new = said.at(missing)
        index = self._known.add(
            process_keys(self._boot, new.created, new.pid), new.created, new.exe, new.cmdline, new.user, new.pid
        )
        pids[0] = np.concatenate([pids[0], new.pid])
        pids[1] = np.concatenate([pids[1], np.full(len(new.pid), _BEFORE_ALL)])
        pids[2] = np.concatenate([pids[2], index])
        answer = np.full(len(said.pid), -1, np.int64)
        answer[missing] = index
        return answer

    def _stopped(self, part: Part) -> _Said:
        nothing = np.full(len(part), -1, np.int64)
        created = part.number("CreateTime") if part.has("CreateTime") else np.zeros(len(part), np.int64)
        sequence = np.zeros(len(part), np.uint64)
        exe = self._known.pool.codes(self._paths.plain(part.text("ImageName"))) if part.has("ImageName") else nothing
        pid = part.number("ProcessID")
        return _Said(
            part.order,
            part.time,
            part.tid,
            pid,
            nothing,
            nothing,
            created,
            sequence,
            exe,
            nothing,
            nothing,
            nothing > 0,
        )

    def _sequences(
        self, starts: _Said, rundown: _Said, told: tuple[npt.NDArray[np.uint64], Codes, Codes]
    ) -> tuple[npt.NDArray[np.uint64], Codes, Codes]:
        statements = self._by_pid.told(*told)
        keys, values = [], []
        for said in (starts, rundown):
            index = statements.asked(said.pid.view(np.uint64), said.order)
            numbered = (said.sequence > 0) & (index >= 0)
            keys.append(said.sequence[numbered] & _SEQUENCE)
            values.append(index[numbered])
        joined = np.concatenate(keys)
        return joined, np.full(len(joined), _BEFORE_ALL), np.concatenate(values)

    def _started(self, said: _Said, identify: Identify) -> list[Rows]:
        if not len(said.order):
            return []
        creator = np.where(said.creator >= 0, said.creator, said.ppid)
        creator = np.where(creator == said.pid, said.ppid, creator)
        parent = identify.pid(creator, said.order - 1)
        index = identify.pid(said.pid, said.order)
        self._known.set_parent(index, parent)
        brokered = (said.creator >= 0) & (said.creator != said.ppid)
        claimed = pc.binary_join_element_wise("parent pid", pa.array(said.ppid).cast(pa.string()), " ")
        exe = self._known.texts("exe", index)
        columns = {
            "class": constant("process", len(index)), "operation": constant("exec", len(index)), "outcome": constant("success", len(index)),
            "errno": pa.array(np.zeros(len(index), np.int32)), "path": exe, "cmdline": self._known.texts("cmdline", index),
            "content": pc.if_else(pa.array(brokered), claimed, pa.scalar(None, pa.string())),
            "quality": _quality(parent < 0, unresolved(exe, wanted=False)),
        }  # fmt: skip
        return [Rows(said.order, said.time, said.pid, said.tid, np.zeros(len(index), np.uint64), columns)]

    @staticmethod
    def _ended(part: Part) -> Rows:
        pid = part.number("ProcessID")
        code = part.number("ExitCode").astype(np.uint32).view(np.int32)
        columns = {
            "class": constant("process", len(part)), "operation": constant("exit", len(part)),
            "outcome": constant("success", len(part)), "exit_code": pa.array(code),
        }  # fmt: skip
        return Rows(part.order, part.time, pid, part.tid, np.zeros(len(part), np.uint64), columns)

    def _forget(self) -> None:
        """Of processes that nobody can be asked for any more nothing is kept."""
        if len(self._known) > 2 * MOST_PIDS:
            moved = self._known.keep(np.concatenate([self._by_pid.values, self._by_sequence.values]))
            self._by_pid.renumber(moved)
            self._by_sequence.renumber(moved)


def _quality(orphan: npt.NDArray[np.bool_], path: pa.Array) -> pa.Array:
    lost = pc.if_else(pa.array(orphan), "parent_unknown", pa.scalar(None, pa.string()))
    both = pc.binary_join_element_wise(path, lost, ",")
    return pc.coalesce(both, path, lost)


class Identify:
    """Who is who in one chunk: pids and start keys at their moments."""

    def __init__(self, boot: str, known: KnownProcesses, pids: Statements, sequences: Statements) -> None:
        self._boot, self._known, self._pids, self._sequences = boot, known, pids, sequences

    def pid(self, pid: Codes, order: Codes) -> Codes:
        """Number of the process that had a pid at a moment; -1 where none is known."""
        return self._pids.asked(pid.astype(np.int64).view(np.uint64), order)

    def columns(self, rows: Rows) -> dict[str, pa.Array]:
        """Who acted, for rows in their order. A process that is only known by its start key has a key made of that."""
        index = self.pid(rows.pid, rows.order)
        numbered = rows.start_key != 0
        if numbered.any():
            by_key = self._sequences.asked(rows.start_key & _SEQUENCE, rows.order)
            index = np.where(numbered & (by_key >= 0), by_key, index)
        key = np.where(index >= 0, self._known.key[index], start_keys(self._boot, rows.start_key))
        unknown = pa.array((index < 0) & ~numbered)
        parent = self._known.parent[index]
        has_parent = (index >= 0) & (parent >= 0)
        return {
            "process_key": pa.array(key, mask=unknown.to_numpy(zero_copy_only=False)),
            "parent_key": pa.array(self._known.key[parent], mask=~has_parent),
            "exe": self._known.texts("exe", index),
            "parent_exe": self._known.texts("exe", np.where(has_parent, parent, -1)),
            "user": self._known.texts("user", index),
        }


def _no_statements() -> tuple[npt.NDArray[np.uint64], Codes, Codes]:
    none = np.zeros(0, np.int64)
    return none.view(np.uint64), none, none


_NONE = np.zeros(0, np.int64)
_NOTHING = _Said(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE.view(np.uint64), _NONE, _NONE, _NONE, _NONE > 0)
