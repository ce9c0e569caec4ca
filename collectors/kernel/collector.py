"""What every source does whose events come through the kernel's rings: drain them, account for them, make batches.

Three rings: processes and what was stopped, all other events, texts. The rows of one drain are one batch. Which programs
fill the rings, and how a process gets its tag, is the source's own.
"""

from __future__ import annotations

import secrets
import select
import shlex
import socket
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.identity import boot_id, process_keys
from collectors.interface import Candidate, LiveCollector, Run
from collectors.kernel.coverage import Ledger, Reading
from collectors.kernel.decode import FROM_PROC, Context, decode, view
from collectors.kernel.libbpf import Map
from collectors.kernel.machine import clock_offset_ns, link_target, now_us, possible_processors
from collectors.kernel.records import COUNTERS, SETTINGS
from collectors.kernel.ring import Ring
from collectors.marks import MARKS
from pipeline import schema

RINGS = {"events": 16 << 20, "priority": 2 << 20, "strings": 8 << 20}
"""Bytes of each ring; a power of two."""

_TICK = 0.01
"""Pause after a drain: few large batches cost a fraction of many small ones."""
_OTHERS = 0.015
"""Further pause where all that came was programs of others: a machine may start a hundred of them every second."""
_EAGER = 8192
"""Records in the ring from which on it is drained without a pause."""
_IDLE = 0.1
"""Longest wait of an idle reader, and so the time after which it asks again whether it is done."""
_KEEP_STRINGS = 200_000
_AGENT = schema.CLASSES.index("agent")
ZERO = b"\0\0\0\0"
"""Key of a map's only entry."""


class RingCollector(LiveCollector):
    """What tagged tasks do, from the rings that kernel programs fill."""

    def __init__(
        self,
        *,
        on_candidates: Callable[[Sequence[Candidate]], None] | None = None,
        rings: dict[str, int] | None = None,
        host: str | None = None,
    ) -> None:
        """With ``on_candidates`` the execs of untagged tasks are told to it as they are drained."""
        self._on_candidates = on_candidates
        self._sizes = {**RINGS, **(rings or {})}
        self.context: Context = Context(host or socket.gethostname(), boot_id(), clock_offset_ns(), self.name)
        self._processors = possible_processors()
        self.notes: list[str] = []
        """What this kernel does not permit, one line each, for the person."""
        self._ledger = Ledger(self.context.host, self.context.boot_id, self.name, self._processors)
        self._settings = np.zeros(1, SETTINGS)
        self._stale_strings: tuple[int, float] | None = None
        self._held: list[NDArray[np.uint8]] = []
        self._from_proc = FROM_PROC
        self.began_ns = 0
        """When the drain of the batch at hand began (monotonic clock)."""
        self._rings: dict[str, Ring] = {}
        self._any, self._runs_only = select.poll(), select.poll()

    @abstractmethod
    def map(self, name: str) -> Map:
        """A map of the kernel programs; raises ``CollectorError`` when the source is not open."""

    @abstractmethod
    def _missed(self) -> int:
        """Calls of the kernel programs that the kernel skipped."""

    def _prepare(self, raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Drained rows that have been counted, completed where the kernel programs could not; all of them as a rule."""
        return raw

    def _write_marks(self) -> None:
        """Tell the programs which environment variables are marks."""
        marks = self.map("marks")
        for mark in MARKS:
            marks.update(mark.name.encode().ljust(24, b"\0")[:24], b"\1\0\0\0")

    def _set_up(self, epoch: int = 1) -> None:
        """Tell the loaded programs what they need to know, and map the rings."""
        self._settings["seed"] = secrets.randbits(63)
        self._settings["epoch"] = epoch
        self._settings["watch"] = self._on_candidates is not None
        self._write_settings()
        self._write_marks()
        self._rings = {n: Ring(self.map(n).fd, size) for n, size in self._sizes.items()}
        self._any, self._runs_only = self._polled("events", "priority"), self._polled("events")

    def _unmap_rings(self) -> None:
        for ring in self._rings.values():
            ring.close()
        self._rings = {}

    def add_run(self, run: Run) -> int:
        """Register a run; the number that its tags carry."""
        number = max(self.context.runs, default=0) + 1
        self.context.runs[number] = run
        return number

    def _learn_image(self, pid: int, number: NDArray[np.uint32]) -> None:
        """The program of a running process, from ``/proc``."""
        proc = Path(f"/proc/{pid}")
        argv = proc.joinpath("cmdline").read_bytes()
        words = argv.decode("utf-8", "backslashreplace").rstrip("\0").split("\0")
        facts: dict[str, list[str | None]] = {
            "exe": [link_target(proc / "exe")],
            "cwd": [link_target(proc / "cwd")],
            "cmdline": [shlex.join(words)],
            "marks": [None],
        }
        self.context.images.add(number, np.array([len(argv)]), facts)

    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """See ``Collector.batches``; what comes first is drained at once, what follows it about every 10 ms."""
        yielded_at = time.monotonic()
        ends: dict[str, int] | None = None
        while True:
            if ends is None and done():
                ends = {name: ring.end for name, ring in self._rings.items()}
            came = self._came()
            batch = self._next() if came else None
            if batch is not None:
                yielded_at = time.monotonic()
                yield batch
            # What came later does not count: a run that makes events for ever must not keep us here.
            if ends is not None and not self._held and all(self._rings[n].has_passed(at) for n, at in ends.items()):
                return
            if batch is None and (now := time.monotonic()) - yielded_at >= _IDLE:
                yielded_at = now
                yield schema.batch("activity", {})
            if not came:
                self.context.forget_ended()
                self._any.poll(_IDLE * 1000)
            elif ends is None and self._rings["events"].waiting() < _EAGER:
                time.sleep(_TICK)
                if batch is None:
                    self._runs_only.poll(_OTHERS * 1000)

    def _came(self) -> bool:
        """Whether anything is to be drained or decoded; as cheap as can be, an idle machine asks it all day."""
        return bool(self._held) or any(ring.waiting() for ring in self._rings.values())

    def _polled(self, *names: str) -> select.poll:
        """What waits until one of these rings has something.

        The kernel says whether a ring is empty, not whether something came since: a record from the moment before ends the
        wait at once. Texts are never waited for: they are in their ring before an event names them.
        """
        poll = select.poll()
        for name in names:
            poll.register(self.map(name).fd, select.POLLIN)
        return poll

    def _next(self) -> pa.RecordBatch | None:
        """The next rows; ``None`` where none of what came is a run's."""
        self.began_ns = time.monotonic_ns()
        raw = self._held.pop(0) if self._held else self._drain()
        batch = decode(raw, self.context) if len(raw) else None
        if not self._held and not self._rings["events"].waiting():
            self.context.forget_ended()
        return batch

    def _drain(self) -> NDArray[np.uint8]:
        """Raw rows of both rings, those of runs only. Events first: what they need is in the other rings by then."""
        events = self._rings["events"].drain()
        urgent = self._rings["priority"].drain()
        self._drain_strings()
        raw = np.concatenate([urgent, events]) if len(urgent) else events
        self._ledger.count(view(raw))
        raw = self._prepare(raw)
        records = view(raw)
        if self._on_candidates is not None and len(urgent):
            found = records["class"] == _AGENT
            if found.any():
                self._tell(records[found])
                raw = raw[~found]
        return raw

    def _drain_strings(self) -> None:
        ring, strings = self._rings["strings"], self.context.strings
        tries = 0
        while ring.waiting() and tries < 50:  # a piece that is being written right now is there in microseconds
            pieces = ring.drain()
            strings.add(pieces)
            if not len(pieces):
                tries += 1
                time.sleep(0.0001)
        if len(strings) > _KEEP_STRINGS and self._stale_strings is None:
            self._stale_strings = (strings.newest(), time.monotonic() + 2)
            self._settings["epoch"] += 1
            self._write_settings()
        elif self._stale_strings and time.monotonic() > self._stale_strings[1]:
            strings.forget(self._stale_strings[0])
            self._stale_strings = None

    def _tell(self, execs: NDArray[np.void]) -> None:
        strings = self.context.strings
        keys = keys_of(execs, self.context.boot_id)
        told = zip(
            execs["pid"].tolist(),
            keys.tolist(),
            strings.get(execs["exec.path"]),
            strings.words(execs["exec.argv"]),
            strict=True,
        )
        if self._on_candidates is not None:
            self._on_candidates([Candidate(pid, key, exe or "", argv or []) for pid, key, exe, argv in told])

    def health(self) -> pa.RecordBatch:
        """See ``Collector.health``."""
        reading = self._read_counters()
        after = [self._drain().copy()]
        while self._rings["events"].waiting() or self._rings["priority"].waiting():
            more = self._drain()
            if not len(more):
                break
            after.append(more.copy())
        self._held += [a for a in after if len(a)]
        offset = clock_offset_ns()
        if abs(offset - self.context.clock_offset_ns) > 50_000_000:  # somebody has set the clock
            self.context.clock_offset_ns = offset
        return self._ledger.close(reading, view(np.concatenate(after)), now_us())

    def fills(self) -> dict[str, float]:
        """How full each ring was at most since the last call, as a share of it."""
        return {name: ring.take_peak() for name, ring in self._rings.items()}

    def received(self) -> dict[str, int]:
        """Events of runs that came since it was opened, by class."""
        return self._ledger.received()

    def _read_counters(self) -> Reading:
        raw = self.map("counts").lookup(ZERO, COUNTERS.itemsize * self._processors)
        counters = np.frombuffer(raw or b"", COUNTERS)
        return Reading(
            counters["seq"].astype(np.int64),
            counters["lost"].astype(np.int64),
            int(counters["strings"].sum()),
            int(counters["strings_lost"].sum()),
            self._missed(),
        )

    def _write_settings(self) -> None:
        self.map("setup").update(ZERO, self._settings.tobytes())


def keys_of(records: NDArray[np.void], boot: str) -> NDArray[np.int64]:
    """Process keys of records; shape of the input, int64."""
    return process_keys(boot, records["start"].astype(np.int64), records["pid"].astype(np.int32))
