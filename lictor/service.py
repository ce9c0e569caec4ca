"""The service: wires collector, steps, enforcer and lake together, and keeps their clocks.

``lictor run`` has one run in it, ``lictor watch`` as many as there are agents. One thread
does everything: batches are drawn, stepped, acted on and appended in turn, and between
them what is due is done: proofs, policies that follow the file system, coverage, the log.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc

from collectors.ebpf.collector import Candidate, EbpfCollector
from collectors.ebpf.decode import Run
from collectors.identity import process_key_from_proc
from enforcer.interface import RunHandle
from enforcer.ladder import Ladder
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.cgroupfs import CgroupError, cgroup2_mount
from enforcer.linux.enforcer import LinuxEnforcer
from enforcer.linux.kernel import SCOPES, InstalledPolicy
from enforcer.linux.tables import RuleTableError
from lictor.errors import LictorError
from lictor.hashing import ExeHashes
from lictor.inforce import PoliciesInForce
from lictor.live import LiveRun, new_run_id
from pipeline.flow import Flow, PerRun, Step
from pipeline.lake.writer import LakeWriter
from pipeline.policy.compile import Program, RunContext
from pipeline.policy.kernel import kernel_plan
from pipeline.policy.load import PolicyError
from pipeline.policy.model import Policy
from pipeline.steps.attribute import attribute
from pipeline.steps.verdicts import Verdicts

REFRESH_S = 1.0
COVERAGE_S = 10.0


def cgroup_mount() -> Path | None:
    """Where cgroup v2 is mounted; ``None`` where it is not."""
    try:
        return cgroup2_mount(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
    except (CgroupError, OSError):
        return None


class Service:
    """Everything that is alive while runs are observed."""

    def __init__(
        self,
        lake: Path,
        policies: Sequence[Policy],
        *,
        audit: bool = False,
        report: Callable[[str], None],
        on_candidates: Callable[[Sequence[Candidate]], None] | None = None,
    ) -> None:
        self._report = report
        self.runs: dict[str, LiveRun] = {}
        self._judges: dict[str, Step] = {}
        self.collector = EbpfCollector(cgroup_mount(), on_candidates=on_candidates)
        self.collector.context.rule_names = self._rule_name
        self.writer = LakeWriter(lake, socket.gethostname(), report=report)
        self.policies = PoliciesInForce(policies, audit=audit, report=report, keep=self._keep_now)
        context = self.collector.context
        self.ladder = Ladder(
            LinuxEnforcer(), self._handle, host=context.host, boot_id=context.boot_id,
            journal=lambda rows: self._keep_now("actions", rows),
        )  # fmt: skip
        self._hashes = ExeHashes()
        self._flow = Flow([attribute, self._hashed, PerRun(self._judges)], self.ladder.act, self.writer.append)
        self._next_refresh = self._next_coverage = 0.0

    def open(self) -> None:
        """Attach the sensor; raises ``CollectorError``."""
        try:
            self.collector.open()
        except BaseException:
            self.writer.close()
            raise
        for note in self.collector.notes:
            self._report(note)
        self.policies.open()
        self.policies.keep_versions()
        self._next_coverage = time.monotonic() + COVERAGE_S

    def begin(
        self,
        pid: int,
        context: RunContext,
        command: str,
        *,
        cgroup: RunCgroup | None = None,
        run: str | None = None,
        running: bool = False,
    ) -> LiveRun:
        """Make process ``pid`` the root of a run: policy in force first, then the tag.

        ``running`` says that it was found and not started here.
        """
        program = self.policies.compile(context)
        if program is not None:
            self.policies.tell_scopes(program)
        found = self.collector.context
        name = run or new_run_id()
        number = self.collector.add_run(Run(name, context.agent))
        live = LiveRun(
            name, number, context.agent, command, context.workspace, context.user, pid,
            process_key_from_proc(pid), found.host, found.boot_id, self.collector.name,
            program=program, cgroup=cgroup, context=context,
        )  # fmt: skip
        if program is not None:
            live.judge = self._judges[name] = Verdicts(program, self._found)
            live.installed = self._installed(program)
        self.runs[name] = live
        self._keep_now("runs", live.row())
        self.tag(live, pid, running=running)
        return live

    def tag(self, live: LiveRun, pid: int, *, running: bool) -> None:
        """Make a process, and all it will create, part of a run."""
        installed = live.installed
        if installed is None:
            self.collector.tag(pid, live.number, running=running)
            return
        exe_bits = installed.exe_bits(f"/proc/{pid}/exe")
        self.collector.tag(pid, live.number, scope=installed.scope, exe_bits=exe_bits, running=running)

    def reload(self) -> bool:
        """Put the policies as their files have them now in the place of those in force, for all runs or for none.

        Whatever is wrong with them is told and recorded, and the old ones stay.
        """
        fresh: dict[str, tuple[Program, InstalledPolicy]] = {}
        try:
            policies = self.policies.reread()
            for live in self._judged():
                program = self.policies.compile(live.context, policies) if live.context else None
                if program is not None:
                    fresh[live.id] = program, self._installed(program)
        except (PolicyError, RuleTableError, LictorError, OSError) as error:
            for _, installed in fresh.values():
                installed.remove()
            self.policies.refuse(str(error))
            return False
        for name, (program, installed) in fresh.items():
            self._replace(self.runs[name], program, installed)
        self.policies.take(policies)
        names = ", ".join(f"{policy.name} {policy.version[:12]}" for policy in policies)
        self._report(f"policy in force now: {names}")
        return True

    def _replace(self, live: LiveRun, program: Program, installed: InstalledPolicy) -> None:
        """Let a complete policy take over; each task follows at its next event."""
        if live.installed is not None:
            live.superseded.append(live.installed)
        for old in live.superseded:
            old.hand_over(installed)
        live.program, live.installed = program, installed
        live.judge = self._judges[live.id] = Verdicts(program, self._found)
        self._keep("runs", live.row())

    def _judged(self) -> list[LiveRun]:
        return [live for live in self.runs.values() if live.program is not None]

    def _installed(self, program: Program) -> InstalledPolicy:
        return InstalledPolicy(kernel_plan(program), self._free_scope(), self.collector.map, self.collector.seed)

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
        self._remove_policies(live)
        self._judges.pop(live.id, None)
        self.runs.pop(live.id, None)

    def settle(self, timeout: float = 3.0) -> None:
        """Wait for the proofs that are owed, then write coverage up to now."""
        deadline = time.monotonic() + timeout
        while self.ladder.pending and time.monotonic() < deadline:
            self.serve(lambda: True)
            time.sleep(0.01)
        self._write_coverage()
        self.serve(lambda: True)

    def close(self) -> None:
        """Detach and make everything durable; raises ``LakeError`` if that cannot be done."""
        self.policies.close()
        for live in list(self.runs.values()):
            self._remove_policies(live)
        self.collector.close()
        self.writer.close()

    @staticmethod
    def _remove_policies(live: LiveRun) -> None:
        for installed in _policies_of(live):
            installed.remove()

    def survivors(self, number: int) -> list[tuple[int, int]]:
        """(pid, process key) of each live process that carries the tag of a run."""
        found = []
        for pid in psutil.pids():
            if self.collector.tagged(pid) == number:
                with suppress(OSError, ValueError):  # it may end between the two looks
                    found.append((pid, process_key_from_proc(pid)))
        return found

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
        """Findings are durable before anything is done about them."""
        self._keep_now("findings", rows)
        for live in self.runs.values():
            live.note_findings(rows)

    def _do_what_is_due(self) -> None:
        self._keep("actions", self.ladder.tick())
        self.writer.tick()
        now = time.monotonic()
        if now >= self._next_refresh:
            self._next_refresh = now + REFRESH_S
            for live in self.runs.values():
                if live.installed is not None:
                    live.installed.refresh()
                for old in live.superseded:
                    old.drop_entries()
            if any(time.time_ns() >= live.program.changes_ns for live in self._judged() if live.program):
                self.reload()
        if self.policies.changed():
            self.reload()
        if now >= self._next_coverage:
            self._write_coverage()

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

    def _keep_now(self, table: str, rows: pa.RecordBatch | pa.Table) -> None:
        """Durable before what it announces is done."""
        self._keep(table, rows)
        self.writer.sync()

    def _handle(self, run: str) -> RunHandle | None:
        live = self.runs.get(run)
        if live is None:
            return None
        recording = live.program.recording if live.program else frozenset()
        return RunHandle(
            run,
            enforce=live.enforce,
            group=live.cgroup,
            survivors=lambda: self.survivors(live.number),
            recording=recording,
        )

    def _free_scope(self) -> int:
        taken = {installed.scope for live in self.runs.values() for installed in _policies_of(live)}
        for scope in range(1, SCOPES):
            if scope not in taken:
                return scope
        raise LictorError(f"the sensor holds {SCOPES - 1} policies at a time: end a run first")

    def _rule_name(self, scope: int, bit: int) -> str | None:
        for live in self.runs.values():
            for installed in _policies_of(live):
                if installed.scope == scope:
                    return installed.rule_name(bit)
        return None


def _policies_of(live: LiveRun) -> list[InstalledPolicy]:
    return [*([live.installed] if live.installed is not None else []), *live.superseded]
