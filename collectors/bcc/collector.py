"""The BCC collector: what processes of a run do, on kernels that do not describe their structures.

Tracepoints tell it; its programs are compiled on the machine. They read no structure of the kernel, so a process is known
by its pid and not by its task, paths are those that programs gave, and nothing is decided in the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collectors.bcc import loading
from collectors.bcc.images import Images
from collectors.bcc.links import Links
from collectors.bcc.places import Places
from collectors.bcc.records import CLASS_PLACE, PROCESS
from collectors.bcc.starts import Starts
from collectors.bcc.texts import OwnTexts
from collectors.identity import TICK_NS, ProcessStat, key_of, process_keys, read_stat
from collectors.interface import Candidate, CollectorError
from collectors.kernel.collector import RingCollector
from collectors.kernel.decode import view
from collectors.kernel.libbpf import Map
from collectors.kernel.machine import link_target, now_us
from collectors.marks import NAMES

_TRIES = 20
"""Threads may begin and end while those of a running process are counted."""


class BccCollector(RingCollector):
    """What processes of a run do, from tracepoints."""

    name = "bcc"

    def __init__(
        self,
        *,
        on_candidates: Callable[[Sequence[Candidate]], None] | None = None,
        rings: dict[str, int] | None = None,
        host: str | None = None,
    ) -> None:
        """With ``on_candidates`` the execs of processes of no run are told to it."""
        super().__init__(on_candidates=on_candidates, rings=rings, host=host)
        self._loaded: loading.Loaded | None = None
        self._links = Links()
        self._own = OwnTexts(self.context.strings, self._processors)
        self._places = Places(self.context.strings, self._own, self._links)
        self._images = Images(self.context.strings, self._own, self._places, self._links, self._image_of)
        self._starts = Starts()
        self._last_place = 0

    def open(self) -> None:
        """Compile and attach, which takes some seconds; raises ``CollectorError`` and leaves nothing attached."""
        self._loaded = loading.load(self._sizes, self._processors)
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise
        self._ledger.begin(now_us())

    def map(self, name: str) -> Map:
        """See ``RingCollector``."""
        if self._loaded is None:
            raise CollectorError("the source bcc is not open")
        return self._loaded.map(name)

    def _missed(self) -> int:
        return self._loaded.missed() if self._loaded is not None else 0

    def _write_marks(self) -> None:
        """By their first eight bytes, or the six of a shorter one with its ``=``: see ``may_be_mark`` in ``sensor/process.c``."""
        for name in NAMES:
            head = name.encode()[:8] if len(name) >= 8 else f"{name}="[:6].encode()
            self.map("marks").update(head.ljust(8, b"\0"), b"\1\0\0\0")

    def tag(self, pid: int, number: int, *, scope: int = 0, exe_bits: int = 0, running: bool = False) -> None:  # noqa: ARG002 - the interface has it
        """Make process ``pid`` and all it will create part of a run; raises ``CollectorError`` when it is gone."""
        process = np.zeros(1, PROCESS)
        process["run"] = number
        try:
            stat = read_stat(pid)
            if running:
                self._from_proc += 1
                process["image"] = self._from_proc
                self._learn_image(pid, process["image"])
            process["start"] = stat.start_ticks * TICK_NS
            process["place"] = self._place(link_target(Path(f"/proc/{pid}/cwd")))
            self._learn_folders(pid)
            self._put(pid, stat, process)
        except OSError as error:
            raise CollectorError(f"process {pid} cannot be tagged: it has ended") from error
        self.context.processes.add(np.array([key_of(stat)]), np.zeros(1, np.int64), process["image"])

    def _put(self, pid: int, stat: ProcessStat, process: NDArray[np.void]) -> None:
        """Into the kernel's table, with as many threads as there are; raises ``ProcessLookupError``."""
        key = pid.to_bytes(4, "little")
        for _ in range(_TRIES):
            process["threads"] = threads = len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - names are counted
            self.map("tags").update(key, process.tobytes())
            now = self._process(pid)
            if read_stat(pid).dead or read_stat(pid).start_ticks != stat.start_ticks:
                self.map("tags").delete(key)
                raise ProcessLookupError
            if now is not None and now["threads"] == threads == len(os.listdir(f"/proc/{pid}/task")):  # noqa: PTH208
                return

    def _learn_folders(self, pid: int) -> None:
        """Folders that the process has open already."""
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            if descriptor.is_dir():
                place = self._place(link_target(descriptor))
                key = int(descriptor.name).to_bytes(4, "little") + pid.to_bytes(4, "little")
                self.map("folders").update(key, place.to_bytes(4, "little"))

    def _place(self, folder: str | None) -> int:
        """A new place, with a number that no processor gives out."""
        self._last_place += self._processors + 1
        self._places.learn(self._last_place, folder or "/")
        return self._last_place

    def _process(self, pid: int) -> NDArray[np.void] | None:
        value = self.map("tags").lookup(pid.to_bytes(4, "little"), PROCESS.itemsize)
        return np.frombuffer(value, PROCESS)[0] if value else None

    def _image_of(self, pid: int) -> int | None:
        process = self._process(pid)
        return None if process is None else int(process["image"])

    def tagged(self, pid: int) -> int:
        """Number of the run that a process belongs to; 0 for none, also when it is gone."""
        process = self._process(pid)
        return 0 if process is None else int(process["run"])

    def _all(self) -> Iterator[tuple[int, NDArray[np.void]]]:
        """Processes of all runs, by pid."""
        for key in self.map("tags").keys(4):
            pid = int.from_bytes(key, "little")
            process = self._process(pid)
            if process is not None and process["run"]:
                yield pid, process

    def members(self, number: int) -> list[tuple[int, int]]:
        """(pid, process key) of each live process of a run."""
        found = [(pid, self._starts.of(int(one["start"]))) for pid, one in self._all() if one["run"] == number]
        pids = np.array([pid for pid, _ in found], np.int32)
        starts = np.array([start for _, start in found], np.int64)
        return list(zip(pids.tolist(), process_keys(self.context.boot_id, starts, pids).tolist(), strict=True))

    def programs(self, number: int) -> dict[int, str]:
        """Name of the program of each live process of a run, by pid."""
        exes = {pid: link_target(Path(f"/proc/{pid}/exe")) for pid, one in self._all() if one["run"] == number}
        return {pid: Path(exe).name for pid, exe in exes.items() if exe}

    def _prepare(self, raw: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """See ``RingCollector``: starts, paths and programs; changes of the working directory have done their work then."""
        if not len(raw):
            return raw
        if self._own.begin(int(self._settings["epoch"][0])) | self._links.refresh():
            self._places.forget()
        if self._places.is_crowded():
            self._places.keep_only({int(one["place"]) for _, one in self._all()})
        records = view(raw)
        self._starts.correct(records)
        self._places.complete(records)
        self._images.complete(records)
        places = records["class"] == CLASS_PLACE
        return raw[~places] if places.any() else raw

    def close(self) -> None:
        """Detach; safe to call twice."""
        self._unmap_rings()
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None
