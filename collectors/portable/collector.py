"""The portable collector: what an ordinary user can see of a run, through watchdog and psutil, on Linux and macOS.

It looks at the process table again and again and is told of files by the system. Nothing it knows comes from
the moment itself, and it stops nobody; its rows and its coverage say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import psutil
import pyarrow as pa

from collectors.interface import CollectorError, LiveCollector, Run, Wanted, anything
from collectors.portable import attribution
from collectors.portable.connections import Connections
from collectors.portable.coverage import Coverage
from collectors.portable.handles import holders
from collectors.portable.machine import WINDOWS, origin
from collectors.portable.pace import Pace
from collectors.portable.places import Places
from collectors.portable.processes import Member, Processes
from collectors.portable.rows import SOURCE, Fact, Numbering, batch
from collectors.portable.touches import Touch, Touches
from collectors.portable.trouble import Trouble
from collectors.portable.watching import Watching, watching
from pipeline import schema

_IDLE = 0.1
"""Longest wait between two batches, be they empty."""
_GATHER = 0.05
"""After the first file event: others come with it."""
_PATIENCE = 0.3
"""How long rows wait for others where nothing can be done about them: one batch costs as much as many rows."""
_BUSY = 0.003
"""Share of a processor for looks at processes while files are touched."""
_LAST_S = 1.0
"""How long the end waits for what watchdog still holds."""


class PortableCollector(LiveCollector):
    """Runs as seen from beside them."""

    name = SOURCE

    def __init__(self, wanted: Wanted | None = None) -> None:
        wanted = wanted or Wanted()
        self.context = origin()
        self.notes: list[str] = []
        self.began_ns = 0
        self._own = wanted.own
        self._runs: dict[int, Run] = {}
        self._last_number = 0
        self._numbers = Numbering()
        self._delivered: dict[str, int] = {}
        self._coverage = Coverage(self.context, self._numbers)
        self._trouble = Trouble(wanted.report)
        self._processes = Processes(
            self._runs, run_variable=wanted.run_variable, on_candidates=wanted.on_candidates
        )  # fmt: skip
        self._connections = Connections(self._runs, self._trouble)
        self._wake = Event()
        self._touches = Touches(self._is_wanted, self._wake)
        self._watching: Watching | None = None
        self._places: Places | None = None
        self._process_pace = Pace(least=0.02, most=0.5, share=0.003)
        self._network_pace = Pace(least=0.2, most=1.0, share=0.002)
        self._renewal_pace = Pace(least=1.0, most=5.0, share=0.001)
        self._holder_pace = Pace(least=0.0, most=1.0, share=0.003)
        self._dropped = 0

    def open(self) -> None:
        """Start watchdog; raises ``CollectorError``."""
        try:
            self._watching = watching(self._trouble)
            self._watching.observer.start()
        except OSError as error:
            raise CollectorError(
                f"files cannot be watched: {error.strerror or error}; close other watchers, or raise fs.inotify.max_user_instances"
            ) from error
        self._places = Places(self._watching.observer, self._touches, self._trouble, self._own)
        self._processes.begin()

    def add_run(self, run: Run) -> int:
        """See ``LiveCollector``."""
        self._last_number += 1
        self._runs[self._last_number] = run
        return self._last_number

    def tag(self, pid: int, number: int, *, scope: int = 0, exe_bits: int = 0, running: bool = False) -> None:  # noqa: ARG002 - the interface has it
        """See ``LiveCollector``. A command of Windows waits with its program in it; elsewhere it starts that once it is let go."""
        self._processes.tag(pid, number, begins=WINDOWS and not running)
        self._process_pace.hurry()

    def tagged(self, pid: int) -> int:
        """See ``LiveCollector``."""
        return self._processes.tagged(pid)

    def members(self, number: int) -> list[tuple[int, int]]:
        """See ``LiveCollector``; children that no look has found yet are looked for."""
        return [(member.who.pid, member.who.key) for member in self._processes.of(number)]

    def programs(self, number: int) -> dict[int, str]:
        """See ``LiveCollector``."""
        found = {}
        for member in self._processes.of(number):
            try:
                found[member.who.pid] = psutil.Process(member.who.pid).name()
            except psutil.Error:
                continue
        return found

    def heed(self, number: int, places: Sequence[Path], concerns: Callable[[str], bool] = anything) -> None:
        """See ``LiveCollector``."""
        if self._places is None:
            raise CollectorError("the source is not open")
        self._places.heed(number, places, concerns)
        self._trouble.say()

    def end_run(self, number: int) -> None:
        """See ``LiveCollector``."""
        self._runs.pop(number, None)
        self._processes.drop(number)
        if self._places is not None:
            self._places.drop(number)

    def received(self) -> dict[str, int]:
        """See ``LiveCollector``."""
        return dict(self._delivered)

    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """See ``Collector.batches``."""
        told = beat = time.monotonic()
        end: float | None = None
        waiting: list[Fact] = []
        while True:
            if end is None and done():
                end = time.monotonic() + _LAST_S
                self._process_pace.hurry()
                self._network_pace.hurry()
            fresh = self._facts()
            waiting += fresh
            now = time.monotonic()
            if waiting and (now - told >= _PATIENCE or end is not None or _are_urgent(waiting)):
                told = beat = now
                yield self._batch(waiting)
                waiting = []
            elif now - beat >= _IDLE:
                beat = now
                yield schema.batch("activity", {})
            # Who makes events for ever must not keep us here.
            if end is not None and (time.monotonic() > end or (not fresh and self._quiet())):
                return
            self._rest(beat + _IDLE, ending=end is not None)

    def _facts(self) -> list[Fact]:
        self.began_ns = time.monotonic_ns()
        touches = self._taken()
        if touches:  # who touches a file now may be too new to be known, and will be gone soon
            self._process_pace.hurry(share=_BUSY)
        facts = [*self._look_at_processes(), *self._look_at_network(), *self._rows_of(touches)]
        self._renew()
        return facts

    def _renew(self) -> None:
        """Look whether places have come or gone: a policy may name hundreds."""
        if self._places is None or not self._renewal_pace.due():
            return
        began = time.thread_time()
        self._places.renew()
        self._renewal_pace.looked(time.thread_time() - began, changed=True)
        self._trouble.say()

    def _rest(self, until: float, *, ending: bool) -> None:
        """Wait for a file event, or until the next look or the caller (``until``, monotonic) is due."""
        pause = min(max(until - time.monotonic(), 0.0), self._process_pace.wait(), self._network_pace.wait())
        if self._wake.wait(min(pause, 0.01) if ending else pause):
            self._wake.clear()
            time.sleep(_GATHER)

    def _batch(self, facts: list[Fact]) -> pa.RecordBatch:
        for one in facts:
            self._delivered[one["class"]] = self._delivered.get(one["class"], 0) + 1
        return batch(facts, self.context, self._numbers)

    # Looks

    def _look_at_processes(self) -> list[Fact]:
        if not self._process_pace.due():
            return []
        began = time.thread_time()
        facts = self._processes.look()
        self._process_pace.looked(time.thread_time() - began, changed=bool(facts))
        if facts:
            self._network_pace.hurry(share=_BUSY)
        return facts

    def _look_at_network(self) -> list[Fact]:
        if not self._network_pace.due():
            return []
        began = time.thread_time()
        facts = self._connections.look(self._processes.members.values())
        self._network_pace.looked(time.thread_time() - began, changed=bool(facts))
        return facts

    def _taken(self) -> list[Touch]:
        touches, dropped = self._touches.take()
        if dropped:
            self._numbers.take("file", dropped)
            self._dropped += dropped
        return touches

    def _rows_of(self, touches: Sequence[Touch]) -> list[Fact]:
        if not touches or self._places is None:
            return []
        held, places = self._holders(touches), self._places
        return [
            attribution.row(one, held, self._runs, places.runs(one.path) or places.runs(one.path_to or ""))
            for one in touches
        ]

    def _holders(self, touches: Sequence[Touch]) -> dict[str, Member]:
        """Who has the files open; nobody where that was asked so lately that it would cost too much."""
        if not self._holder_pace.due():
            return {}
        began = time.thread_time()
        paths = {path for touch in touches for path in (touch.path, touch.path_to) if path}
        found = holders(self._processes.members.values(), paths)
        self._holder_pace.looked(time.thread_time() - began, changed=True)
        return found

    def _is_wanted(self, path: str) -> bool:
        return self._places is not None and self._places.wanted(path)

    def _quiet(self) -> bool:
        return not self._wake.is_set() and (self._watching is None or self._watching.quiet())

    # The end

    def health(self) -> pa.RecordBatch:
        """See ``Collector.health``."""
        dropped, self._dropped = self._dropped, 0
        return self._coverage.close(dropped, self._trouble.take())

    def close(self) -> None:
        """End watchdog's threads; safe to call twice."""
        if self._watching is not None:
            self._watching.close()
            self._watching = self._places = None


def _are_urgent(facts: Sequence[Fact]) -> bool:
    """Whether a fact names a process, so that somebody can be stopped for it."""
    return any(one.get("process_key") is not None for one in facts)
