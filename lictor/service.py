"""The service: wires collector, steps, enforcer and lake together, and keeps their clocks.

``lictor run`` has one run in it, ``lictor watch`` as many as there are agents. One thread
does everything: batches are drawn, stepped, acted on and appended in turn, and between
them what is due is done: proofs, decisions, policies that follow the file system, coverage, the log.
"""

from __future__ import annotations

import gc
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from collectors.interface import Candidate, Run, Wanted
from collectors.sources import AUTO, choose
from enforcer.interface import ProcessGroup
from lictor.alerts.alerts import Alerts
from lictor.alerts.config import AlertsConfig
from lictor.control.pausing import paused
from lictor.enforcing.enforcement import Enforcement
from lictor.enforcing.installing import Installing
from lictor.enforcing.interrupted import Interrupted
from lictor.hashing import ExeHashes
from lictor.inforce import PoliciesInForce
from lictor.limits import limits
from lictor.live import LiveRun, new_run_id
from lictor.observing.interface import Observer
from lictor.observing.looking import Looking
from lictor.priority import at_ease, go_first
from lictor.processes import in_run_group, process_key
from lictor.runtime import control_dir, run_dir
from lictor.telling.finding import RUN_VARIABLE, find_run
from pipeline.flow import Flow, PerRun, Step
from pipeline.lake.writer import LakeWriter
from pipeline.policy.compile import RunContext
from pipeline.policy.model import Policy
from pipeline.steps.attribute import attribute

if sys.platform != "win32":  # on Windows nobody can ask a service: it has no named pipe yet
    from enforcer.linux.cgroupfs import CgroupError, cgroup2_mount
    from lictor.control.server import ControlServer
    from lictor.enforcing.answering import Answering

REFRESH_S = 1.0
COVERAGE_S = 10.0
PAUSE_S = 0.5


def cgroup_mount() -> Path | None:
    """Where cgroup v2 is mounted; ``None`` where it is not."""
    if sys.platform != "linux":
        return None
    try:
        return cgroup2_mount(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
    except (CgroupError, OSError):
        return None


@dataclass(frozen=True)
class Settings:
    """How a service is run.

    ``audit``: nothing is enforced, whatever the policies say; ``dry_run``: everything up to the act is done. ``fail`` is
    what becomes of runs should Lictor die, where no policy says it. ``source`` is a name of ``collectors.sources``.
    """

    lake: Path
    policies: Sequence[Policy] = ()
    audit: bool = False
    dry_run: bool = False
    fail: Literal["open", "closed"] = "open"
    alerts: AlertsConfig | None = None
    observer: Observer = field(default_factory=Observer)
    source: str = AUTO


class Service:
    """Everything that is alive while runs are observed."""

    def __init__(
        self,
        settings: Settings,
        *,
        report: Callable[[str], None],
        on_candidates: Callable[[Sequence[Candidate]], None] | None = None,
    ) -> None:
        """Raises ``CollectorError`` where no source, or not the one wanted, can be used."""
        self.settings = settings
        self.observer = watched = settings.observer
        self.report = self._report = report = watched.report(report)
        self.runs: dict[str, LiveRun] = {}
        self._judges: dict[str, Step] = {}
        self.choice = choose(settings.source)
        self.collector = self.choice.source.build(
            Wanted(
                cgroup_mount(),
                on_candidates,
                own=(settings.lake.resolve(), control_dir(), run_dir("-").parent),
                run_variable=RUN_VARIABLE,
                report=report,
            )
        )
        context = self.collector.context
        self.alerts = (
            Alerts(settings.alerts, host=context.host, boot_id=context.boot_id, report=report)
            if settings.alerts
            else None
        )
        self.writer = LakeWriter(settings.lake, socket.gethostname(), report=report, seen=watched.seen)
        self.policies = PoliciesInForce(
            settings.policies, audit=settings.audit, report=report, keep=self._keep_now
        )  # fmt: skip
        self.installing = Installing(
            self.collector, self.policies, self.runs, self._judges, found=self._found, kept=self._keep, report=report,
            enforce=not settings.dry_run,
        )  # fmt: skip
        self.collector.name_rules(self.installing.rule_name)
        self.enforcement = Enforcement(
            self.collector, self.runs, settings.lake, survivors=self.survivors, keep_now=self._keep_now,
            hand_over=self._hand_over, report=report,
            own_files=[file for policy in settings.policies for file in policy.texts], dry_run=settings.dry_run,
            policies=lambda: self.policies.policies,
        )  # fmt: skip
        self.interrupted = Interrupted(settings.lake, self.collector.context, report)
        self.control: ControlServer | None = None
        self._hashes = ExeHashes()
        ladder = self.enforcement.ladder
        steps = [
            watched.step("attribute", attribute),
            watched.step("hash", self._hashed),
            watched.judge(PerRun(self._judges)),
        ]
        flow = Flow(steps, watched.step("act", ladder.act), watched.step("append", self._keep))
        self._flow = watched.batch(flow, lambda: self.collector.began_ns)
        self._reload = watched.reload(self.installing.reload)
        self._next_refresh = self._next_coverage = self._next_pause = 0.0

    def open(self) -> None:
        """Attach the sensor; raises ``CollectorError``."""
        try:
            if self.settings.policies and not self.settings.audit:
                self.enforcement.open(
                    self.interrupted.keeper_log
                )  # forks the keeper: before there are threads, and before there is a sensor
            looking = Looking(self.collector, self.writer, self.enforcement.ladder, self.policies, self.runs)
            self.observer.open(looking.read)
            self.collector.open()
        except BaseException:
            self.observer.close()
            self.enforcement.close()
            self.writer.close()
            raise
        enforced = bool(self.settings.policies) and not self.settings.audit
        for note in [*limits(self.choice, enforced=enforced), *self.collector.notes]:
            self._report(note)
        for table, rows in self.interrupted.settle():
            self._keep_now(table, rows)
        self.policies.open()
        self.policies.keep_versions()
        self.control = self._controlled()
        self._look_whether_paused()
        self._next_coverage = time.monotonic() + COVERAGE_S
        # What is here stays: without it each full collection would take some 30 ms, in which no verdict takes hold.
        gc.collect()
        gc.freeze()
        if self.settings.policies and not self.settings.audit:
            go_first()

    def _controlled(self) -> ControlServer | None:
        if sys.platform == "win32":
            return None
        answering = Answering(self.runs, self.enforcement, self.installing)
        return ControlServer(answering.answer, self._is_agent, follow=self._follow)

    def begin(
        self,
        pid: int,
        context: RunContext,
        command: str,
        *,
        uid: int,
        group: ProcessGroup | None = None,
        run: str | None = None,
        running: bool = False,
    ) -> LiveRun:
        """Make process ``pid`` the root of a run: policy in force first, then the tag.

        ``running`` says that it was found and not started here; ``uid`` is the agent's.
        """
        found = self.collector.context
        name = run or new_run_id()
        number = self.collector.add_run(Run(name, context.agent))
        live = LiveRun(
            name, number, context.agent, command, context.workspace, context.user, pid,
            process_key(pid), found.host, found.boot_id, self.collector.name,
            own_group=group, context=context, uid=uid,
        )  # fmt: skip
        live.program = program = self.installing.program(live)
        if program is not None:
            self.policies.tell_scopes(program)
            live.fail = (program.on_failure or self.settings.fail) if live.enforce else "open"
            self.installing.install(live, program)
        self.runs[name] = live
        self.installing.heed(live)
        self.enforcement.begin(live)
        self._keep_now("runs", live.row())
        self.tag(live, pid, running=running)
        return live

    def tag(self, live: LiveRun, pid: int, *, running: bool = False) -> None:
        """Make one more process part of a run."""
        installed = live.installed
        if installed is None:
            self.collector.tag(pid, live.number, running=running)
            return
        exe_bits = installed.exe_bits(f"/proc/{pid}/exe")
        self.collector.tag(pid, live.number, scope=installed.scope, exe_bits=exe_bits, running=running)

    def serve(self, done: Callable[[], bool], look: Callable[[], None] | None = None) -> None:
        """Observe until ``done``, and until what was seen by then has gone its way; ``look`` is called in between."""
        for batch in self.collector.batches(done):
            if batch.num_rows:
                self._take(batch)
            self._do_what_is_due()
            if look is not None:
                look()

    def end(self, live: LiveRun, exit_code: int | None) -> None:
        """Close a run: its last row, its policy out of the kernel."""
        self.settle()
        self.writer.append("runs", live.row(exit_code=exit_code, ended=True))
        self._keep("coverage", live.memory_loss())
        self.enforcement.end(live)
        self.installing.remove(live)
        self.collector.end_run(live.number)
        self._judges.pop(live.id, None)
        self.runs.pop(live.id, None)

    def settle(self, timeout: float = 3.0) -> None:
        """Wait for the proofs that are owed, then write coverage up to now."""
        deadline = time.monotonic() + timeout
        while self.enforcement.ladder.pending and time.monotonic() < deadline:
            self.serve(lambda: True)
            time.sleep(0.01)
        self._write_coverage()
        self.serve(lambda: True)

    def close(self) -> None:
        """Detach and make everything durable; raises ``LakeError`` if that cannot be done."""
        if self.control is not None:
            self.control.close()
        self.policies.close()
        for live in list(self.runs.values()):
            self.installing.remove(live)
        self.enforcement.close()
        self.collector.close()
        if self.alerts is not None:
            self.alerts.close()
            self._keep("actions", self.alerts.take())
        self.interrupted.end()
        try:
            self.writer.close()
        finally:
            self.observer.close()

    def survivors(self, number: int) -> list[tuple[int, int]]:
        """(pid, process key) of each live process that carries the tag of a run."""
        return self.collector.members(number)

    def _is_agent(self, pid: int) -> bool:
        """Whether a process belongs to a run: of this service by its tag, of another by its cgroup or its ancestors."""
        return self.collector.tagged(pid) != 0 or in_run_group(pid) or find_run(pid, {}) is not None

    def _take(self, batch: pa.RecordBatch) -> None:
        kept = self._flow(batch)
        self.policies.notice(kept)
        for live in self.runs.values():
            live.count(kept)

    def _hashed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Programs are read and hashed only where a policy names some by content."""
        wanted = any(live.judge is not None and "exe_hash" in live.judge.uses for live in self.runs.values())
        return self._hashes(batch) if wanted else batch

    def _found(self, rows: pa.RecordBatch) -> None:
        """Findings are out of our hands before anything is done about them."""
        self._hand_over("findings", rows)
        for live in self.runs.values():
            live.note_findings(rows)

    def _do_what_is_due(self) -> None:
        self._keep("actions", self.enforcement.tick())
        if self.control is not None:
            self.control.poll()
        if self.alerts is not None:
            self._keep("actions", self.alerts.take())
        self.writer.tick()
        now = time.monotonic()
        if now >= self._next_pause:
            self._look_whether_paused()
        if now >= self._next_refresh:
            self._next_refresh = now + REFRESH_S
            with at_ease():
                self.installing.refresh()
        if self.policies.changed():
            with at_ease():
                self._reload()
        if now >= self._next_coverage:
            self._write_coverage()
        self.observer.tick()

    def _look_whether_paused(self) -> None:
        """The switch is a file: whoever starts later, and whoever was not reached, sees it too."""
        self._next_pause = time.monotonic() + PAUSE_S
        self.enforcement.follow(paused(), self.installing)

    def _follow(self) -> bool:
        """Look at the switch now; whether nothing is enforced."""
        self._look_whether_paused()
        return self.enforcement.ladder.paused

    def _write_coverage(self) -> None:
        self._next_coverage = time.monotonic() + COVERAGE_S
        rows = self.collector.health()
        lost = pc.sum(rows.column("lost")).as_py() or 0
        for live in self.runs.values():
            live.lost += lost
        self._keep("coverage", rows)

    def _keep(self, table: str, rows: pa.RecordBatch | pa.Table | None) -> None:
        if rows is not None and rows.num_rows:
            self.writer.append(table, rows)
            if self.alerts is not None:
                self.alerts.offer(table, rows)

    def _keep_now(self, table: str, rows: pa.RecordBatch | pa.Table) -> None:
        """Durable before what it announces is done."""
        self._keep(table, rows)
        self.writer.sync()

    def _hand_over(self, table: str, rows: pa.RecordBatch | pa.Table) -> None:
        """Safe from our own end, without a wait for the disk: a run is to be frozen in milliseconds."""
        self._keep(table, rows)
        self.writer.flush(table)
