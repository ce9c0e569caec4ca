"""Event Tracing for Windows as it happens: what the processes of runs do, told by the system's own providers.

Sessions are of the whole machine. What came into their inboxes is decoded as one chunk, in order of time, by the code that
reads recorded traces; only rows of runs go on. Records wait a moment first, so that what two sessions say of one process
comes together. This source tells, and stops nobody.
"""

from __future__ import annotations

import atexit
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collectors.etw import attribution, machine, tracing
from collectors.etw.accounts import Accounts
from collectors.etw.decode import EPOCH_FILETIME
from collectors.etw.decoder import Decoder
from collectors.etw.inbox import NOTHING, Taken, parted, together
from collectors.etw.lineage import Lineage
from collectors.etw.sessions import NAMES, SESSIONS, SYSTEM, Owner, Session, stale
from collectors.etw.watch import Stream, Watch, stream
from collectors.interface import CollectorError, LiveCollector, Origin, Run, Wanted
from collectors.numbering import Numbering
from pipeline import schema

HOLD_S = 0.03
"""How long a record waits for older ones: six times what the process sessions take to hand theirs over."""

_TICK, _IDLE = 0.01, 0.1
_LOOK_S = 5.0
"""How often it is looked who is there (a start may have been lost), and which device is which drive."""
_REMEMBER_S = 2.0
"""How long the start of a process of nobody's is kept: it may be tagged a moment later."""
_LAST_S, _QUIET_S = 1.5, 0.1
"""How long the end waits for what is still in buffers, at most, and for how long nothing must have come."""
_LATEST = 2**63 - 1


class EtwCollector(LiveCollector):
    """Runs as Windows tells of them."""

    name = "etw"

    def __init__(self, wanted: Wanted | None = None) -> None:
        wanted = wanted or Wanted()
        self.context = Origin(socket.gethostname(), machine.boot_id())
        self.notes: list[str] = []
        self.began_ns = 0
        self._report, self._on_candidates = wanted.report, wanted.on_candidates
        self._runs: dict[int, Run] = {}
        self._last_number = 0
        self._numbers = Numbering(self.context.boot_id)
        self._accounts = Accounts(self.context, self.name, self._numbers)
        self._lineage = Lineage(self.context.boot_id)
        self._decoder = Decoder(self.context.boot_id, self.name)
        self._streams: list[Stream] = []
        self._watch: Watch | None = None
        self._held = NOTHING
        self._strangers: deque[tuple[float, pa.RecordBatch]] = deque()
        """When they came, and the rows of starts that belonged to nobody."""
        self._lines: deque[str] = deque()
        """What the watching thread has to say; said from the thread that serves."""
        self._tagged = False
        self._looked = 0.0
        self._malformed = 0

    # The life

    def open(self) -> None:
        """Start the sessions, after those of Lictors that are gone were stopped; raises ``CollectorError``."""
        seen = machine.processes()
        owner = next((Owner(one.pid, one.created) for one in seen if one.pid == os.getpid()), Owner(os.getpid(), 0))
        for name in stale(tracing.running(), [Owner(one.pid, one.created) for one in seen]):
            tracing.stop_by_name(name)
        self._decoder = Decoder(self.context.boot_id, self.name, machine.volumes(), self._created_of)
        try:
            for session in SESSIONS:
                self._begin(session, owner)
            self._name_open_files(owner)
        except CollectorError:
            self.close()
            raise
        # Looked at once more: who began between the first look and the sessions would be known to neither.
        self._decoder.know(machine.processes(), machine.program)
        self._watch = Watch(self._streams, self._lines.append)
        self._watch.start()
        atexit.register(self.close)

    def _begin(self, session: Session, owner: Owner) -> None:
        made = stream(session, owner.name(session))
        try:
            made.trace.start()
        except CollectorError as error:
            if session is not SYSTEM:
                raise
            self.notes.append(f"command lines of programs are not known: {error}")
            return
        self._streams.append(made)

    def _name_open_files(self, owner: Owner) -> None:
        """The kernel names all open files when a session of its own ends; nothing else of it is wanted."""
        brief = stream(NAMES, owner.name(NAMES))
        try:
            brief.trace.start()
            brief.trace.stop()
        except (CollectorError, OSError) as error:
            self.notes.append(f"files that were open before have no path: {error}")
            return
        self._decode(brief.inbox.take())

    def close(self) -> None:
        """Stop the sessions; safe to call twice."""
        atexit.unregister(self.close)
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        for one in self._streams:
            last = one.trace.stop()
            if last is not None:
                one.told.append(last)
        self._account()
        self._streams = []

    # Runs

    def add_run(self, run: Run) -> int:
        """See ``LiveCollector``."""
        self._last_number += 1
        self._runs[self._last_number] = run
        return self._last_number

    def tag(self, pid: int, number: int, *, scope: int = 0, exe_bits: int = 0, running: bool = False) -> None:  # noqa: ARG002 - the interface has it
        """See ``LiveCollector``."""
        seen = machine.processes()
        found = next((one for one in seen if one.pid == pid), None)
        if found is None:
            raise CollectorError(f"process {pid} cannot be tagged: it has ended")
        self._decoder.know(seen, machine.program)
        self._lineage.tag(self._lineage.key(found), number)
        self._lineage.look(seen)
        self._tagged = True

    def tagged(self, pid: int) -> int:
        """See ``LiveCollector``."""
        seen = machine.processes()
        self._lineage.look(seen)
        return next((self._lineage.number(self._lineage.key(one)) for one in seen if one.pid == pid), 0)

    def members(self, number: int) -> list[tuple[int, int]]:
        """See ``LiveCollector``; children whose start is still in a buffer are there too."""
        return self._lineage.look(machine.processes()).get(number, [])

    def programs(self, number: int) -> dict[int, str]:
        """See ``LiveCollector``."""
        seen = machine.processes()
        names = {one.pid: one.name for one in seen}
        return {pid: names[pid] for pid, _ in self._lineage.look(seen).get(number, [])}

    def end_run(self, number: int) -> None:
        """See ``LiveCollector``."""
        self._runs.pop(number, None)
        self._lineage.drop(number)

    def received(self) -> dict[str, int]:
        """See ``LiveCollector``."""
        return {class_: count for class_, count in self._numbers.given.items() if count}

    def fills(self) -> dict[str, float]:
        """See ``LiveCollector``: of what waits for the decoder, by session."""
        return {one.session.kind: one.inbox.take_fill() for one in self._streams}

    def health(self) -> pa.RecordBatch:
        """See ``Collector.health``."""
        self._account()
        return self._accounts.close()

    # Rows

    def batches(self, done: Callable[[], bool]) -> Iterator[pa.RecordBatch]:
        """See ``Collector.batches``."""
        told = time.monotonic()
        while not done():
            self.began_ns = time.monotonic_ns()
            batch = self._next(_filetime() - int(HOLD_S * 1e7))
            self._look_now_and_then()
            now = time.monotonic()
            if batch is not None or now - told >= _IDLE:
                told = now
                yield batch if batch is not None else schema.batch("activity", {})
            time.sleep(_TICK)
        yield from self._last()

    def _last(self) -> Iterator[pa.RecordBatch]:
        """What was under way: in the sessions' buffers, in the inboxes, and held back."""
        for one in self._streams:
            try:
                one.trace.flush()
            except (tracing.SessionGoneError, OSError):  # its account says so
                continue
        end = quiet = time.monotonic()
        while quiet - end < _LAST_S and time.monotonic() - quiet < _QUIET_S:
            if any(len(one.inbox) for one in self._streams):
                quiet = time.monotonic()
            if (batch := self._next(_LATEST)) is not None:
                yield batch
            time.sleep(_TICK)

    def _next(self, until: int) -> pa.RecordBatch | None:
        """Rows of runs from what came, up to a moment (FILETIME); ``None`` for none."""
        now, self._held = parted(together([self._held, *(one.inbox.take() for one in self._streams)]), until)
        rows = self._decode(now)
        parts = [part for part in (self._late(), self._attributed(rows)) if part is not None and part.num_rows]
        if not parts:
            return None
        made = parts[0] if len(parts) == 1 else _joined(parts)
        return self._numbers.batch(made)

    def _decode(self, taken: Taken) -> pa.RecordBatch | None:
        if not len(taken):
            return None
        rows, _ = self._decoder.decode(taken.data, taken.records, taken.records["time"])
        return rows

    def _attributed(self, rows: pa.RecordBatch | None) -> pa.RecordBatch | None:
        if rows is None:
            return None
        began = attribution.starts(rows)
        self._lineage.follow(*attribution.lineage_of(began))
        strangers = attribution.others(began, self._lineage)
        if strangers.num_rows:
            self._strangers.append((time.monotonic(), strangers))
            if self._on_candidates is not None:
                self._on_candidates(attribution.candidates(strangers))
        return self._of_runs(rows)

    def _late(self) -> pa.RecordBatch | None:
        """Starts that were told before their process was tagged."""
        while self._strangers and time.monotonic() - self._strangers[0][0] > _REMEMBER_S:
            self._strangers.popleft()
        if not self._tagged or not self._strangers:
            return None
        self._tagged = False
        came, kept = zip(*self._strangers, strict=True)
        for rows in kept:
            self._lineage.follow(*attribution.lineage_of(rows))
        self._strangers = deque(
            (at, attribution.others(rows, self._lineage)) for at, rows in zip(came, kept, strict=True)
        )
        found = [part for rows in kept if (part := self._of_runs(rows)).num_rows]
        return _joined(found) if found else None

    def _of_runs(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        mine = attribution.members(rows, self._lineage, self._runs)
        columns = dict(zip(mine.schema.names, mine.columns, strict=True))
        host = pa.DictionaryArray.from_arrays(np.zeros(mine.num_rows, np.int32), pa.array([self.context.host]))
        return schema.batch("activity", columns | {"host": host})

    # What is looked after beside

    def _created_of(
        self, pids: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        created = {one.pid: one.created for one in machine.processes()}
        return np.array([created.get(pid, 0) for pid in pids.tolist()], np.int64)

    def _look_now_and_then(self) -> None:
        while self._lines:
            self._report(self._lines.popleft())
        if (now := time.monotonic()) - self._looked >= _LOOK_S:
            self._looked = now
            self._decoder.learn_volumes(machine.volumes())
            seen = machine.processes()
            self._decoder.know(seen, machine.program)
            self._lineage.look(seen)

    def _account(self) -> None:
        """Take over what the watching thread was told, and what could not be read."""
        for one in self._streams:
            told, one.told = one.told, []
            for lost in told:
                if lost is None:
                    self._accounts.gone(one.session.kind)
                    self._accounts.began(one.session.kind)
                else:
                    self._accounts.asked(one.session.kind, lost)
            self._accounts.dropped(one.session.kind, one.inbox.dropped)
        malformed = self._decoder.tally.malformed.total()
        self._accounts.trouble("malformed", malformed - self._malformed)
        self._malformed = malformed


def _filetime() -> int:
    return time.time_ns() // 100 + EPOCH_FILETIME


def _joined(parts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Batches as one, in order of time."""
    table = pa.concat_tables([pa.Table.from_batches([part]) for part in parts], promote_options="default")
    table = table.take(pc.sort_indices(table, [("time_ns", "ascending")])).unify_dictionaries().combine_chunks()
    return schema.batch("activity", {n: table.column(n).combine_chunks() for n in table.column_names})
