"""What is known of a run while it goes on, and its rows in the lake."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema

if TYPE_CHECKING:
    from enforcer.interface import Network, ProcessGroup
    from enforcer.linux.kernel import InstalledPolicy
    from pipeline.policy.compile import CompiledRule, Program, RunContext
    from pipeline.steps.verdicts import Verdicts

_DENIED = pa.array(schema.VERDICTS[schema.VERDICTS.index("deny") :])
_SHOWN_DENIALS = 20


def new_run_id() -> str:
    """A name for a run: the time for people, four random bytes against collisions."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


class Adopted(Protocol):
    """A group that a found run was taken into."""

    @property
    def group(self) -> ProcessGroup:
        """All of it."""
        ...

    def give_back(self) -> object:
        """Let its processes go on as if they had never been taken in."""
        ...


@dataclass
class LiveRun:
    """One agent's run."""

    id: str
    number: int
    agent: str
    command: str
    cwd: str
    user: str
    root_pid: int
    root_key: int
    host: str
    boot_id: str
    source: str
    program: Program | None = None
    judge: Verdicts | None = None
    installed: InstalledPolicy | None = None
    own_group: ProcessGroup | None = None
    """The cgroup or job object that it was started in."""
    context: RunContext | None = None
    superseded: list[InstalledPolicy] = field(default_factory=list)
    """Policies that were replaced while the run went on; tasks that made no event since still carry their scopes."""
    uid: int = 0
    """The user that the agent runs as: it may decide nothing about itself."""
    fail: Literal["open", "closed"] = "open"
    """What becomes of the run should Lictor end unexpectedly: it goes on, unwatched, or is ended."""
    adopted: Adopted | None = None
    """The cgroup or job object that a run which was found was taken into."""
    network: Network | None = None
    """Its network, once it was cut."""
    excused: dict[str, int] = field(default_factory=dict)
    """Rule → until when (ns since 1970) it does not ask again in this run, since a person said so."""
    started: int = field(default_factory=lambda: time.time_ns() // 1000)
    events: int = 0
    denied: int = 0
    lost: int = 0
    exit_code: int | None = None
    """Exit status of the root process, once its exit was seen."""
    denials: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(operation, object, rule) → how often, of the first few that were denied."""

    held: int = 0
    """Questions that it stood still for."""

    answers: Counter[str] = field(default_factory=Counter)
    """State of ``requests`` that ended a question → how often; a denial here is no verdict, so ``denied`` lacks it."""

    findings: dict[tuple[str, str], int] = field(default_factory=dict)
    """(rule, title) → how often it was found."""

    def note_findings(self, rows: pa.RecordBatch) -> None:
        """Count the run's own of some rows of ``findings``."""
        for row in rows.to_pylist():
            if row["agent_run"] == self.id:
                key = row["rule"], row["title"] or ""
                self.findings[key] = self.findings.get(key, 0) + 1

    def memory_loss(self) -> pa.Table:
        """Rows of ``coverage`` for what the rules with a memory had to forget or withhold; none where that is nothing."""
        counts = {"forgotten": self.judge.lost, "withheld": self.judge.withheld} if self.judge else {}
        rows = [
            {
                "host": self.host, "boot_id": self.boot_id, "source": "policy", "class": "finding", "reason": reason,
                "since": self.started, "until": time.time_ns() // 1000, "lost": count,
            }
            for reason, count in counts.items() if count
        ]  # fmt: skip
        return pa.Table.from_pylist(rows, schema=schema.lake_schema("coverage"))

    @property
    def group(self) -> ProcessGroup | None:
        """The cgroup or job object that holds all of it, where there is one."""
        return self.adopted.group if self.adopted is not None else self.own_group

    def rule(self, name: str | None) -> CompiledRule | None:
        """The rule of a name; ``None`` for a default."""
        rules = self.program.all_rules if self.program else ()
        return next((rule for rule in rules if rule.id == name), None)

    @property
    def enforce(self) -> bool:
        """Whether verdicts are carried out."""
        return self.program is not None and self.program.mode == "enforce"

    def count(self, batch: pa.RecordBatch) -> None:
        """Add the run's rows of a batch to its sums."""
        own = batch.filter(pc.fill_null(pc.equal(batch.column("agent_run").cast(pa.string()), self.id), False))
        self.events += own.num_rows
        self._look_for_end(own)
        if "verdict" not in own.schema.names:
            return
        stopped = own.filter(pc.is_in(own.column("verdict").cast(pa.string()), _DENIED))
        self.denied += stopped.num_rows
        if stopped.num_rows and len(self.denials) < _SHOWN_DENIALS:
            self._keep(stopped.slice(0, 1000))

    def _look_for_end(self, own: pa.RecordBatch) -> None:
        if "exit_code" not in own.schema.names:
            return
        root = pc.and_(
            pc.equal(own.column("process_key"), self.root_key),
            pc.equal(own.column("operation").cast(pa.string()), "exit"),
        )
        for row in own.filter(root).select(["exit_code", "signal"]).to_pylist():
            self.exit_code = 128 + row["signal"] if row["signal"] else row["exit_code"]

    def _keep(self, stopped: pa.RecordBatch) -> None:
        for row in (
            schema.conform(stopped, "activity").select(["operation", "path", "dst_ip", "dst_port", "rule"]).to_pylist()
        ):
            what = row["path"] or (f"{row['dst_ip']}:{row['dst_port']}" if row["dst_ip"] else "")
            key = (row["operation"], what, row["rule"] or "")
            if key in self.denials or len(self.denials) < _SHOWN_DENIALS:
                self.denials[key] = self.denials.get(key, 0) + 1

    def row(self, *, exit_code: int | None = None, ended: bool = False) -> pa.Table:
        """Its row of ``runs`` at this moment."""
        now = time.time_ns() // 1000
        row: dict[str, Any] = {
            "run": self.id, "state": "ended" if ended else "started", "time": now, "started": self.started,
            "ended": now if ended else None, "host": self.host, "boot_id": self.boot_id, "source": self.source,
            "agent": self.agent, "command": self.command, "cwd": self.cwd, "user": self.user,
            "root_key": self.root_key, "root_pid": self.root_pid,
            "cgroup": getattr(self.group, "path", None),
            "policy": self.program.name if self.program else None,
            "policy_version": self.program.version if self.program else None,
            "mode": self.program.mode if self.program else "none",
            "exit_code": exit_code, "events": self.events, "denied": self.denied, "lost": self.lost,
        }  # fmt: skip
        return pa.Table.from_pylist([row], schema=schema.lake_schema("runs"))
