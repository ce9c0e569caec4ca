"""One command from start to end: policy first, then the sensor, then the command, then the account of it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pyarrow as pa

from collectors.signatures import identify
from collectors.sources import AUTO
from enforcer.interface import GuardRefusal
from lictor.alerts.config import VARIABLE as ALERTS_VARIABLE
from lictor.alerts.config import AlertsConfig, read_alerts
from lictor.closing import closing_lines
from lictor.context import environment_of, local_context, user_entry
from lictor.live import LiveRun, new_run_id
from lictor.observing.choosing import observer
from lictor.processes import alive, file_name, kill_process
from lictor.service import Service, Settings
from lictor.settings import lake_path
from lictor.starting.program import resolve
from lictor.telling.finding import RUN_VARIABLE
from pipeline import schema
from pipeline.escape import visible
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.load import read_policies

if sys.platform == "win32":
    from lictor.starting.windows import FORCED, STOPS, Child, dispose, from_terminal, own_group
else:
    from lictor.starting.posix import FORCED, STOPS, Child, dispose, from_terminal, own_group

if TYPE_CHECKING:
    import pwd

GRACE_S = 2.0
"""How long processes that the command left behind may take to end by themselves."""

PATIENCE_S = 5.0
"""How long the command may take to follow a SIGTERM."""


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    command: Sequence[str]
    policies: Sequence[Path]
    lake: Path | None
    agent: str | None
    audit: bool = False
    dry_run: bool = False
    quiet: bool = False
    user: str | None = None
    alerts: Path | None = None
    telemetry: str | None = None
    source: str = AUTO


def say(text: str) -> None:
    """One line for the person, beside the command's own output."""
    print(f"lictor: {visible(text)}", file=sys.stderr, flush=True)


def run_command(options: Options) -> int:
    """Run the command; its exit status. Raises expected errors before anything was run."""
    program = resolve(options.command)
    agent = options.agent or identify(program, options.command) or Path(program).name
    user = None if options.user is None else user_entry(options.user)
    context = local_context(agent, user)
    policies = read_policies(options.policies)
    closed = False
    if policies:  # refused here, while nothing has been touched
        compiled = compile_policies(policies, context, mode="audit" if options.audit else None)
        enforced = compiled.mode == "enforce" and not options.dry_run
        closed = enforced and compiled.on_failure != "open"
    alerts = None if options.alerts is None else read_alerts(options.alerts)
    lake = lake_path(options.lake)
    settings = Settings(
        lake, policies, audit=options.audit, dry_run=options.dry_run, fail="closed" if closed else "open",
        alerts=alerts, observer=observer(options.telemetry, lake), source=options.source,
    )  # fmt: skip
    run = new_run_id()
    wanted = _environment(run, user, alerts)
    # Forked before there are threads: the child only waits and execs.
    child = Child(
        options.command, environment=wanted, without=[name for name in os.environ if name not in wanted], user=user,
        die_with_parent=closed,
    )  # fmt: skip
    try:
        service = Service(settings, report=say)
        service.open()
    except BaseException:
        child.abandon()
        raise
    try:
        return _observe(service, child, context, run, options)
    finally:
        child.abandon()
        service.close()


def _environment(run: str, user: pwd.struct_passwd | None, alerts: AlertsConfig | None) -> dict[str, str]:
    """What the command gets of ours: not what is secret, and with the run's name for its hooks."""
    ours = dict(os.environ) if user is None else environment_of(user)
    secret = set() if alerts is None else {*alerts.variables, ALERTS_VARIABLE}
    return {name: value for name, value in ours.items() if name not in secret} | {RUN_VARIABLE: run}


def _observe(service: Service, child: Child, context: RunContext, run: str, options: Options) -> int:
    group = own_group(child, run, service.settings.fail, say)
    try:
        live = service.begin(child.pid, context, shlex.join(options.command), uid=child.uid, group=group, run=run)
        stop = _Stop(child, live)
        with stop.installed():
            try:
                child.go()
            except BaseException:
                service.end(live, 127)
                raise
            service.serve(lambda: stop.due() or child.poll())
        status = child.wait()
        _end_what_is_left(service, live)
        service.end(live, status)
    finally:
        if group is not None:
            dispose(group, GRACE_S)
    if not options.quiet:
        for line in closing_lines(live, options.lake):
            say(line)
    return status


class _Stop:
    """Signals to Lictor, passed on to the command; when it does not follow, its run is ended."""

    def __init__(self, child: Child, live: LiveRun) -> None:
        self._child = child
        self._live = live
        self._deadline: float | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While the command runs."""
        old = {n: signal.signal(n, self._passed_on) for n in STOPS}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _passed_on(self, number: int, _frame: FrameType | None) -> None:
        if not from_terminal(number):
            self._child.send(number)
        if number != signal.SIGINT:
            self._deadline = 0.0 if self._deadline is not None else time.monotonic() + PATIENCE_S

    def due(self) -> bool:
        """Ends the run when a second signal came or the command took too long; always false."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            self._deadline = None
            if self._live.own_group is not None:
                self._live.own_group.kill()
            self._child.send(FORCED)
        return False


def _end_what_is_left(service: Service, live: LiveRun) -> None:
    """Nothing of a run goes on unwatched: what the command left behind may end by itself, else it is ended."""
    deadline = time.monotonic() + GRACE_S
    service.serve(lambda: time.monotonic() > deadline or not _left(service, live))
    left = _left(service, live)
    if not left:
        return
    names = ", ".join(f"{file_name(pid)} ({pid})" for pid, _ in left[:5])
    say(f"{len(left)} process(es) were left behind and are ended: {names}")
    service.writer.append("actions", _deed(live, "intent", None, f"left behind: {names}"))
    service.writer.sync()
    if live.own_group is not None:
        live.own_group.kill()
    for pid, key in _left(service, live):
        with suppress(GuardRefusal):  # its pid is another's by now
            kill_process(pid, key, 0)
    deadline = time.monotonic() + GRACE_S
    service.serve(lambda: time.monotonic() > deadline or not _left(service, live))
    gone = not _left(service, live)
    evidence = "no tagged process is left" if gone else "tagged processes are still there"
    service.writer.append("actions", _deed(live, "result", "confirmed" if gone else "failed", evidence))


def _left(service: Service, live: LiveRun) -> list[tuple[int, int]]:
    """Pid and key of each; by tag, not by cgroup: a process of root can move itself out of that."""
    return [(pid, key) for pid, key in service.survivors(live.number) if alive(pid, key)]


def _deed(live: LiveRun, phase: str, enforcement: str | None, evidence: str) -> pa.Table:
    row = {
        "id": f"{live.id}-left", "time": time.time_ns() // 1000, "phase": phase, "action": "kill", "host": live.host,
        "boot_id": live.boot_id, "agent_run": live.id, "process_key": live.root_key, "pid": live.root_pid,
        "enforced_at": "userspace", "enforcement": enforcement, "evidence": evidence, "actor": "lictor",
    }  # fmt: skip
    return pa.Table.from_pylist([row], schema=schema.lake_schema("actions"))
