"""The eBPF collector: loads the sensor, drains its rings, speaks the collector interface.

It attaches to the whole machine once and sends only what tagged tasks do. Whoever starts a
run registers it here and tags the first process; the kernel copies the tag from then on.
"""

from __future__ import annotations

import os
import secrets
import select
import shlex
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.ebpf import walk
from collectors.ebpf.coverage import Ledger, Reading
from collectors.ebpf.decode import FROM_PROC, SOURCE, Context, decode, view
from collectors.ebpf.libbpf import KernelRefusalError, Map, Object, Program
from collectors.ebpf.machine import clock_offset_ns, link_target, now_us, possible_processors
from collectors.ebpf.records import COUNTERS, PROCESS_ID, SETTINGS, TAG
from collectors.ebpf.ring import Ring
from collectors.identity import boot_id, process_key_from_proc, process_keys
from collectors.interface import Candidate, CollectorError, KernelTables, LiveCollector, Run
from collectors.marks import MARKS
from pipeline import schema

OBJECT = Path(__file__).parent / "sensor" / "sensor.bpf.o"
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
_ZERO = b"\0\0\0\0"


class EbpfCollector(LiveCollector):
    """What tagged tasks do, from the kernel."""

    name = SOURCE

    def __init__(
        self,
        cgroup: Path | None,
        *,
        on_candidates: Callable[[Sequence[Candidate]], None] | None = None,
        rings: dict[str, int] | None = None,
        host: str | None = None,
    ) -> None:
        """``cgroup`` is the cgroup v2 mount for the network hooks (``None``: addresses are seen, nothing is refused).

        With ``on_candidates`` the execs of untagged tasks are told to it as they are drained.
        """
        self._cgroup = cgroup
        self._on_candidates = on_candidates
        self._sizes = {**RINGS, **(rings or {})}
        self.context: Context = Context(host or socket.gethostname(), boot_id(), clock_offset_ns())
        self._processors = possible_processors()
        self.notes: list[str] = []
        """What this kernel does not permit, one line each, for the person."""
        self._ledger = Ledger(self.context.host, self.context.boot_id, SOURCE, self._processors)
        self._settings = np.zeros(1, SETTINGS)
        self._stale_strings: tuple[int, float] | None = None
        self._held: list[NDArray[np.uint8]] = []
        self._from_proc = FROM_PROC
        self._isolated: set[int] = set()
        self._object: Object | None = None
        self._programs: list[Program] = []
        self._walk = 0
        self.began_ns = 0
        """When the drain of the batch at hand began (monotonic clock)."""
        self._rings: dict[str, Ring] = {}
        self._any, self._runs_only = select.poll(), select.poll()

    def open(self) -> None:
        """Load and attach; raises ``CollectorError`` and leaves nothing attached."""
        if not OBJECT.exists():
            raise CollectorError("the kernel sensor is not built: run `make sensor` (it needs clang and libbpf-dev)")
        self._object = self._load()
        try:
            self._start(self._object)
        except BaseException:
            self.close()
            raise
        self._ledger.begin(now_us())

    def _load(self) -> Object:
        """The sensor; without its network hooks where the kernel refuses them (before 6.x they may not read tags)."""
        if self._cgroup is None:
            return Object(OBJECT, self._sizes, without="cgroup/")
        try:
            return Object(OBJECT, self._sizes)
        except KernelRefusalError:
            loaded = Object(OBJECT, self._sizes, without="cgroup/")
            self.notes.append(
                "this kernel refuses the network hooks: connects are judged after the fact, not refused inline"
            )
            return loaded

    def _start(self, loaded: Object) -> None:
        self._settings["seed"] = secrets.randbits(63)
        self._settings["epoch"] = 1
        self._settings["watch"] = self._on_candidates is not None
        self._write_settings()
        marks = loaded.map("marks")
        for mark in MARKS:
            marks.update(mark.name.encode().ljust(24, b"\0")[:24], b"\1\0\0\0")
        self._rings = {n: Ring(loaded.map(n).fd, size) for n, size in self._sizes.items()}
        self._any, self._runs_only = self._polled("events", "priority"), self._polled("events")
        self._programs = list(loaded.programs())
        cgroup = os.open(self._cgroup, os.O_RDONLY | os.O_CLOEXEC) if self._cgroup else None
        try:
            for program in self._programs:
                if program.section == walk.SECTION:
                    self._walk = loaded.attach(program)
                elif not program.section.startswith("cgroup/"):
                    loaded.attach(program)
                elif cgroup is not None:
                    loaded.attach(program, cgroup)
        finally:
            if cgroup is not None:
                os.close(cgroup)

    def map(self, name: str) -> Map:
        """A map of the sensor; rules are written into them by the enforcer."""
        if self._object is None:
            raise CollectorError("the sensor is not open")
        return self._object.map(name)

    @property
    def kernel(self) -> KernelTables | None:
        """Its own maps."""
        return self

    def name_rules(self, names: Callable[[int, int], str | None]) -> None:
        """See ``LiveCollector.name_rules``."""
        self.context.rule_names = names

    @property
    def seed(self) -> int:
        """Key of the path hashes."""
        return int(self._settings["seed"][0])

    def add_run(self, run: Run) -> int:
        """Register a run; the number that its tags carry."""
        number = max(self.context.runs, default=0) + 1
        self.context.runs[number] = run
        return number

    def tag(self, pid: int, number: int, *, scope: int = 0, exe_bits: int = 0, running: bool = False) -> None:
        """Make process ``pid`` and all it will create part of a run; raises ``CollectorError`` when it is gone.

        ``exe_bits`` are the policy's rules that hold for the program that runs in it now. That of a
        process which has been ``running`` for a while is read from ``/proc``, and its rows say so.
        """
        tag = np.zeros(1, TAG)
        tag["run"], tag["scope"], tag["exe_bits"] = number, scope, exe_bits
        if running:
            self._from_proc += 1
            tag["image"] = self._from_proc
        try:
            descriptor = os.pidfd_open(pid)
        except OSError as error:
            raise CollectorError(f"process {pid} cannot be tagged: {error.strerror}") from error
        try:
            key = process_key_from_proc(pid)
            if running:
                self._learn_image(pid, tag["image"])
            self.map("tags").update(descriptor.to_bytes(4, "little"), tag.tobytes())
        except OSError as error:
            raise CollectorError(f"process {pid} ended before it was tagged") from error
        finally:
            os.close(descriptor)
        self.context.processes.add(np.array([key]), np.zeros(1, np.int64), tag["image"])

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

    def tagged(self, pid: int) -> int:
        """Number of the run that a process belongs to; 0 for none, also when it is gone."""
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return 0
        try:
            value = self.map("tags").lookup(descriptor.to_bytes(4, "little"), TAG.itemsize)
        finally:
            os.close(descriptor)
        return int(np.frombuffer(value, TAG)["run"][0]) if value else 0

    def members(self, number: int) -> list[tuple[int, int]]:
        """(pid, process key) of each live process of a run."""
        return walk.members(self._walk, number, self.context.boot_id)

    def programs(self, number: int) -> dict[int, str]:
        """Name of the program of each live process of a run, by pid."""
        return walk.programs(self._walk, number)

    def isolate(self, number: int) -> None:
        """Refuse every new connection and addressed datagram of a run, whatever its policy says and under none as well.

        Raises ``KernelRefusalError`` when more than 1024 runs are isolated at a time.
        """
        self.map("isolated").update(number.to_bytes(4, "little"), b"\1\0\0\0")
        self._isolated.add(number)
        self._settings["isolating"] = 1
        self._write_settings()

    def join(self, number: int) -> None:
        """Leave a run to its policy again; nothing happens to one that is not isolated."""
        self.map("isolated").delete(number.to_bytes(4, "little"))
        self._isolated.discard(number)
        self._settings["isolating"] = bool(self._isolated)
        self._write_settings()

    def let_go(self, process_key: int) -> None:
        """Let a process that was stopped for a person to decide go on: to be called right before it is continued."""
        for key in list(self.map("held").keys(PROCESS_ID.itemsize)):
            held = np.frombuffer(key, PROCESS_ID)
            if _keys(held, self.context.boot_id)[0] == process_key:
                self.map("held").delete(key)

    def isolated(self, number: int) -> bool:
        """Whether a run is isolated, as the kernel's own maps have it."""
        on = np.frombuffer(self.map("setup").lookup(_ZERO, SETTINGS.itemsize) or b"", SETTINGS)["isolating"].any()
        return bool(on) and self.map("isolated").lookup(number.to_bytes(4, "little"), 4) is not None

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
        records = view(raw)
        self._ledger.count(records)
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
        keys = _keys(execs, self.context.boot_id)
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
        missed = sum(p.missed() for p in self._programs)
        raw = self.map("counts").lookup(_ZERO, COUNTERS.itemsize * self._processors)
        counters = np.frombuffer(raw or b"", COUNTERS)
        return Reading(
            counters["seq"].astype(np.int64),
            counters["lost"].astype(np.int64),
            int(counters["strings"].sum()),
            int(counters["strings_lost"].sum()),
            missed,
        )

    def _write_settings(self) -> None:
        self.map("setup").update(_ZERO, self._settings.tobytes())

    def close(self) -> None:
        """Detach; safe to call twice."""
        for ring in self._rings.values():
            ring.close()
        self._rings = {}
        self._programs = []
        if self._object is not None:
            self._object.close()
            self._object = None


def _keys(records: NDArray[np.void], boot: str) -> NDArray[np.int64]:
    return process_keys(boot, records["start"].astype(np.int64), records["pid"].astype(np.int32))
