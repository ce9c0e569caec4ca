"""The eBPF collector: loads the sensor, drains its rings, speaks the collector interface.

It attaches to the whole machine once and sends only what tagged tasks do. Whoever starts a
run registers it here and tags the first process; the kernel copies the tag from then on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from collectors.ebpf import walk
from collectors.identity import process_key_from_proc
from collectors.interface import Candidate, CollectorError, KernelTables
from collectors.kernel.collector import ZERO, RingCollector, keys_of
from collectors.kernel.libbpf import KernelRefusalError, Map, Object, Program
from collectors.kernel.machine import now_us
from collectors.kernel.records import PROCESS_ID, SETTINGS, TAG

OBJECT = Path(__file__).parent / "sensor" / "sensor.bpf.o"


class EbpfCollector(RingCollector):
    """What tagged tasks do, from the kernel."""

    name = "ebpf"

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
        super().__init__(on_candidates=on_candidates, rings=rings, host=host)
        self._cgroup = cgroup
        self._isolated: set[int] = set()
        self._object: Object | None = None
        self._programs: list[Program] = []
        self._walk = 0

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
        self._set_up()
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

    def _missed(self) -> int:
        return sum(p.missed() for p in self._programs)

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
            if keys_of(held, self.context.boot_id)[0] == process_key:
                self.map("held").delete(key)

    def isolated(self, number: int) -> bool:
        """Whether a run is isolated, as the kernel's own maps have it."""
        on = np.frombuffer(self.map("setup").lookup(ZERO, SETTINGS.itemsize) or b"", SETTINGS)["isolating"].any()
        return bool(on) and self.map("isolated").lookup(number.to_bytes(4, "little"), 4) is not None

    def close(self) -> None:
        """Detach; safe to call twice."""
        self._unmap_rings()
        self._programs = []
        if self._object is not None:
            self._object.close()
            self._object = None
